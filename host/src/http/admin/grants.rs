//! `GET` and `POST /v1/places/{place}/grants`: what policies of a place may do, and granting it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{CHANGED_MEANWHILE, NO_RELEASE, UNKNOWN_PLACE};
use crate::administration::views::{GrantsView, NewGrantsView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const SHOW: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/places/{place}/grants",
        tag: "look",
        summary: "What policies of a place may do",
        answers: &[(200, "What is granted, and what every policy may do")],
        schema: Some("GrantsView"),
        errors: &[ERRORS, &[UNKNOWN_PLACE]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[],
};

pub(super) const CHANGE: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/places/{place}/grants",
        tag: "places",
        summary: "Grant policies of a place something, or no more; what serves is not touched",
        answers: &[(200, "What is granted now")],
        schema: Some("GrantsView"),
        errors: &[ERRORS, BODY_ERRORS, &[UNKNOWN_PLACE, NO_RELEASE, CHANGED_MEANWHILE]],
        slot: None,
    },
    role: Role::Operate,
    takes: Takes::Json("NewGrantsView"),
    query: &[],
};

pub(super) async fn show(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<GrantsView> {
    endpoint.caller(&request, SHOW.role).await?;
    Ok(Json(endpoint.administration.grants(&place).await?))
}

pub(super) async fn change(
    State(endpoint): State<Arc<Endpoint>>,
    Path(place): Path<String>,
    request: Request<Body>,
) -> Answer<GrantsView> {
    let caller = endpoint.caller(&request, CHANGE.role).await?;
    let new: NewGrantsView = endpoint.read(request).await?;
    Ok(Json(endpoint.administration.change_grants(&caller, &place, &new).await?))
}
