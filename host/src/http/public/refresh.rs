//! `POST /auth/refresh`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::Request;
use axum::response::Response;

use super::endpoint::{ERRORS, Endpoint};
use crate::contract::Slot;
use crate::decisions::Context;
use crate::errors::catalogue::{INVALID_TOKEN, THROTTLED};
use crate::http::body::{read_object, take_text};
use crate::http::openapi::Operation;

pub(super) const OPERATION: Operation = Operation {
    method: "post",
    path: "/api/auth/refresh",
    tag: "auth",
    summary: "Replace a refresh token, and get a new access token",
    answers: &[(200, "The tokens")],
    schema: Some("TokenPair"),
    errors: &[ERRORS, &[INVALID_TOKEN, THROTTLED]],
    slot: Some(Slot::Refresh),
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer = async {
        let mut object = read_object(request, &endpoint.bodies).await?;
        let token = zeroize::Zeroizing::new(take_text(&mut object.members, "refresh_token")?);
        endpoint.decisions.refresh(&context, &token).await
    };
    endpoint.respond(answer.await)
}
