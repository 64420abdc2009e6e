//! `PUT /v1/places/{place}/freeze`: no deployments until then.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{EMPTY_PLACE, UNKNOWN_PLACE};
use crate::administration::views::{NewFreezeView, PlaceView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "put",
        path: "/v1/places/{place}/freeze",
        tag: "places",
        summary: "Refuse deployments until then; rollbacks go on",
        answers: &[(200, "The place")],
        schema: Some("PlaceView"),
        errors: &[ERRORS, BODY_ERRORS, &[UNKNOWN_PLACE, EMPTY_PLACE]],
        slot: None,
    },
    role: Role::Operate,
    takes: Takes::Json("NewFreezeView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let freeze: NewFreezeView = endpoint.read(request).await?;
    Ok(Json(endpoint.administration.freeze(&caller, &place, &freeze).await?))
}
