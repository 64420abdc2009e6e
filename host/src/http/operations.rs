//! Endpoints for operators and their machines.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;
use crate::policy::Slot;

/// Whether the process lives.
pub(super) async fn healthz() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}

/// Whether it should get requests, and what serves.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let reasons = app.not_ready().await;
    let policies: Vec<_> = Slot::ALL.into_iter().filter_map(|slot| app.generations.current(slot)).map(|generation| {
        let identity = &generation.identity;
        json!({ "slot": identity.slot, "name": identity.manifest.name, "version": identity.manifest.version, "digest": identity.digest, "generation": identity.generation })
    }).collect();
    let status = if reasons.is_empty() { "ready" } else { "not ready" };
    let body = Json(
        json!({ "status": status, "reasons": reasons, "policies": policies, "events": events(&app) }),
    );
    if reasons.is_empty() {
        body.into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], body).into_response()
    }
}

/// Where events go, and what waits. A broker that is away is no reason to take the service out: it
/// serves, and the events wait.
fn events(app: &App) -> Value {
    let metrics = &app.services.metrics;
    let mut status = app.sink.status();
    status["pending"] = json!(metrics.outbox_pending.get());
    status["oldest_pending_seconds"] = json!(metrics.outbox_oldest_age.get());
    status["dead"] = json!(metrics.outbox_dead.get());
    status
}

/// Prometheus' text format.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.services
        .metrics
        .password_hash_queued
        .set(i64::try_from(app.services.passwords.waiting()).unwrap_or(i64::MAX));
    app.services.store.measure();
    match app.services.metrics.render() {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be rendered");
            ApiError::internal().into_response()
        }
    }
}
