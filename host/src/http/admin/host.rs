//! `GET /v1/host`: whom one talks to.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::views::HostView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/host",
        tag: "look",
        summary: "Whom one talks to, and what the token may do",
        answers: &[(200, "The host")],
        schema: Some("HostView"),
        errors: &[ERRORS],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Answer<HostView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    Ok(Json(endpoint.administration.host(&caller)))
}
