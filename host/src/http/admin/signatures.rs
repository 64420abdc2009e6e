//! `GET` and `POST /v1/components/{digest}/signatures`: who signed a component, and bringing
//! signatures.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{
    BAD_SIGNATURE, MALFORMED_VALUE, NO_COMPONENT, TOO_MANY_SIGNATURES,
};
use crate::administration::views::{NewSignaturesView, SignaturesView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const SHOW: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/components/{digest}/signatures",
        tag: "look",
        summary: "Who signed a component, and whether that is enough",
        answers: &[(200, "The signatures, as the replica that answers sees them")],
        schema: Some("SignaturesView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, NO_COMPONENT]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[],
};

pub(super) const ADD: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/components/{digest}/signatures",
        tag: "releases",
        summary: "Bring signatures of a component: lines of its file of signatures",
        answers: &[(200, "All signatures that are kept of it")],
        schema: Some("SignaturesView"),
        errors: &[ERRORS, BODY_ERRORS, &[NO_COMPONENT, BAD_SIGNATURE, TOO_MANY_SIGNATURES]],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::Json("NewSignaturesView"),
    query: &[],
};

pub(super) async fn show(
    State(endpoint): State<Arc<Endpoint>>,
    Path(digest): Path<String>,
    request: Request<Body>,
) -> Answer<SignaturesView> {
    endpoint.caller(&request, SHOW.role).await?;
    Ok(Json(endpoint.administration.signatures(&digest).await?))
}

pub(super) async fn add(
    State(endpoint): State<Arc<Endpoint>>,
    Path(digest): Path<String>,
    request: Request<Body>,
) -> Answer<SignaturesView> {
    let caller = endpoint.caller(&request, ADD.role).await?;
    let new: NewSignaturesView = endpoint.read(request).await?;
    Ok(Json(endpoint.administration.add_signatures(&caller, &digest, &new).await?))
}
