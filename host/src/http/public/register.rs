//! `POST /auth/register`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::Request;
use axum::response::Response;

use super::endpoint::{ERRORS, Endpoint};
use crate::contract::Slot;
use crate::decisions::Context;
use crate::errors::catalogue::ALREADY_EXISTS;
use crate::http::openapi::Operation;

pub(super) const OPERATION: Operation = Operation {
    method: "post",
    path: "/api/auth/register",
    tag: "auth",
    summary: "Create an account",
    answers: &[(200, "The tokens")],
    schema: Some("TokenPair"),
    errors: &[ERRORS, &[ALREADY_EXISTS]],
    slot: Some(Slot::Register),
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer = async {
        let (credentials, _room) = endpoint.credentials(request).await?;
        endpoint.decisions.register(&context, credentials).await
    };
    endpoint.respond(answer.await)
}
