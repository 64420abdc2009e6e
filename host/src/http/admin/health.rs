//! `GET /healthz`: whether the process lives. Whether it should get requests the public listener
//! says.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::http::openapi::Operation;

pub(super) const ALIVE: Operation = Operation {
    method: "get",
    path: "/healthz",
    tag: "operations",
    summary: "Whether the process lives",
    answers: &[(200, "It does")],
    schema: None,
    errors: &[],
    slot: None,
};

pub(super) async fn alive() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}
