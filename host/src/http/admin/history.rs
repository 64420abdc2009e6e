//! `GET /v1/history`: who did what, and why.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use super::query::Query;
use crate::administration::codes::{MALFORMED_VALUE, UNKNOWN_PLACE};
use crate::administration::views::HistoryView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/history",
        tag: "look",
        summary: "Who did what, and why; newest first",
        answers: &[(200, "A page; `next` is the `before` of the next one")],
        schema: Some("HistoryView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, UNKNOWN_PLACE]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[
        ("place", "Of this place only"),
        ("before", "Before the line of this sequence"),
        ("limit", "At most so many, up to 500; usually 50"),
    ],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Answer<HistoryView> {
    endpoint.caller(&request, OPERATION.role).await?;
    let query = Query::read(request.uri(), OPERATION.query)?;
    let (before, limit) = (query.number("before")?, query.number("limit")?);
    Ok(Json(endpoint.administration.history(query.text("place"), before, limit).await?))
}
