//! `POST /v1/places/{place}/rollback`: what served before serves again.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{
    CHANGED_MEANWHILE, EMPTY_PLACE, NEVER_SERVED, NO_RELEASE, NOT_GRANTED, NOTHING_BEFORE,
    SERVES_ALREADY, UNKNOWN_PLACE, UNTRUSTED,
};
use crate::administration::views::{MovedView, RollbackView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/places/{place}/rollback",
        tag: "releases",
        summary: "Go back to the release before, or to one that served once, with its settings",
        answers: &[(200, "What served, and what serves now")],
        schema: Some("MovedView"),
        errors: &[
            ERRORS,
            BODY_ERRORS,
            &[
                UNKNOWN_PLACE,
                EMPTY_PLACE,
                NO_RELEASE,
                SERVES_ALREADY,
                NOTHING_BEFORE,
                NEVER_SERVED,
                UNTRUSTED,
                NOT_GRANTED,
                CHANGED_MEANWHILE,
            ],
        ],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::JsonOrNothing("RollbackView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<MovedView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let rollback: RollbackView = endpoint.read_or_default(request).await?;
    Ok(Json(endpoint.administration.roll_back(&caller, &place, &rollback).await?))
}
