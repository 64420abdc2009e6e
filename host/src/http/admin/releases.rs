//! `GET /v1/releases`: a page of releases.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use super::query::Query;
use crate::administration::codes::{MALFORMED_VALUE, UNKNOWN_PLACE};
use crate::administration::views::ReleasesView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/releases",
        tag: "look",
        summary: "Releases, newest first",
        answers: &[(200, "A page; `next` is the `before` of the next one, of one place")],
        schema: Some("ReleasesView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, UNKNOWN_PLACE]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[
        ("place", "Of this place only"),
        ("before", "With numbers below this; only with a place"),
        ("limit", "At most so many, up to 100; usually 50"),
    ],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Answer<ReleasesView> {
    endpoint.caller(&request, OPERATION.role).await?;
    let query = Query::read(request.uri(), OPERATION.query)?;
    let (before, limit) = (query.number("before")?, query.number("limit")?);
    Ok(Json(endpoint.administration.releases(query.text("place"), before, limit).await?))
}
