//! `POST /v1/releases`: what was brought becomes a release.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::http::StatusCode;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::Endpoint;
use crate::administration::codes::{DAMAGED, NO_COMPONENT, OTHER_PLACE, REFUSED, UNKNOWN_PLACE};
use crate::administration::views::{NewReleaseView, ReleaseView};
use crate::errors::ApiError;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/releases",
        tag: "releases",
        summary: "Make a release of components that were put before, and settings",
        answers: &[(201, "The release; it does not serve yet")],
        schema: Some("ReleaseView"),
        errors: &[
            ERRORS,
            BODY_ERRORS,
            &[UNKNOWN_PLACE, NO_COMPONENT, OTHER_PLACE, REFUSED, DAMAGED],
        ],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::Json("NewReleaseView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<ReleaseView>), ApiError> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let new: NewReleaseView = endpoint.read(request).await?;
    let release = endpoint.administration.add_release(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(release)))
}
