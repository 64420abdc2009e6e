//! `POST /auth/login`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::Request;
use axum::response::Response;

use super::endpoint::{ERRORS, Endpoint};
use crate::contract::Slot;
use crate::decisions::Context;
use crate::errors::catalogue::INVALID_CREDENTIALS;
use crate::http::openapi::Operation;

pub(super) const OPERATION: Operation = Operation {
    method: "post",
    path: "/api/auth/login",
    tag: "auth",
    summary: "Log in",
    answers: &[(200, "The tokens")],
    schema: Some("TokenPair"),
    errors: &[ERRORS, &[INVALID_CREDENTIALS]],
    slot: Some(Slot::Login),
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer = async {
        let (credentials, _room) = endpoint.credentials(request).await?;
        endpoint.decisions.login(&context, credentials).await
    };
    endpoint.respond(answer.await)
}
