//! `GET /v1/status`: what serves, and on whom.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::views::StatusView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/status",
        tag: "look",
        summary: "What serves in each place, on each replica, and how that goes",
        answers: &[(200, "Places, replicas, open deployments")],
        schema: Some("StatusView"),
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
) -> Answer<StatusView> {
    endpoint.caller(&request, OPERATION.role).await?;
    Ok(Json(endpoint.administration.status().await?))
}
