//! `GET /v1/places/{place}/rollout`: what a trial has shown.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use super::query::Query;
use crate::administration::codes::{MALFORMED_VALUE, NO_ROLLOUT, UNKNOWN_PLACE};
use crate::administration::views::RolloutView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/places/{place}/rollout",
        tag: "look",
        summary: "What a trial has shown: differences by kind, and both groups side by side",
        answers: &[(200, "The trial")],
        schema: Some("RolloutView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, UNKNOWN_PLACE, NO_ROLLOUT]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[("rollout", "The id of a trial of the last week; the latest, if it is left out")],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<RolloutView> {
    endpoint.caller(&request, OPERATION.role).await?;
    let query = Query::read(request.uri(), OPERATION.query)?;
    Ok(Json(endpoint.administration.rollout(&place, query.text("rollout")).await?))
}
