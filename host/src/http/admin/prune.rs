//! `POST /v1/prune`: old releases are deleted.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::views::{PruneView, PrunedView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/prune",
        tag: "places",
        summary: "Delete old releases, and components that no release names",
        answers: &[(200, "What was deleted")],
        schema: Some("PrunedView"),
        errors: &[ERRORS, BODY_ERRORS],
        slot: None,
    },
    role: Role::Operate,
    takes: Takes::JsonOrNothing("PruneView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Answer<PrunedView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let which: PruneView = endpoint.read_or_default(request).await?;
    Ok(Json(endpoint.administration.prune(&caller, &which).await?))
}
