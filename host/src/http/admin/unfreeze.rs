//! `DELETE /v1/places/{place}/freeze`: deployments are taken again.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{EMPTY_PLACE, UNKNOWN_PLACE};
use crate::administration::views::{EndView, PlaceView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "delete",
        path: "/v1/places/{place}/freeze",
        tag: "places",
        summary: "End a freeze before its time",
        answers: &[(200, "The place")],
        schema: Some("PlaceView"),
        errors: &[ERRORS, BODY_ERRORS, &[UNKNOWN_PLACE, EMPTY_PLACE]],
        slot: None,
    },
    role: Role::Operate,
    takes: Takes::JsonOrNothing("EndView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let end: EndView = endpoint.read_or_default(request).await?;
    Ok(Json(endpoint.administration.unfreeze(&caller, &place, &end.message).await?))
}
