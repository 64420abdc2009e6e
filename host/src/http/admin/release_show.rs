//! `GET /v1/releases/{place}/{number}`: a release.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{DAMAGED, MALFORMED_VALUE, NO_RELEASE, UNKNOWN_PLACE};
use crate::administration::views::ReleaseView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/releases/{place}/{number}",
        tag: "look",
        summary: "A release, with its settings",
        answers: &[(200, "The release")],
        schema: Some("ReleaseView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, UNKNOWN_PLACE, NO_RELEASE, DAMAGED]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path((place, number)): Path<(String, String)>,
    request: Request<Body>,
) -> Answer<ReleaseView> {
    endpoint.caller(&request, OPERATION.role).await?;
    Ok(Json(endpoint.administration.release(&place, &number).await?))
}
