//! `GET /metrics`, and the same under `/api/auth/metrics`: Prometheus' text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use crate::errors::{ApiError, catalogue};
use crate::http::held::HeldBytes;
use crate::http::openapi::Operation;
use crate::metrics::Meter;
use crate::telemetry::rarely;

pub(super) const OPERATION: Operation = Operation {
    method: "get",
    path: "/api/auth/metrics",
    tag: "operations",
    summary: "Metrics in Prometheus' text format",
    answers: &[(200, "The metrics")],
    schema: None,
    errors: &[&[catalogue::BUSY]],
    slot: None,
};

/// What a scrape works with.
pub(super) struct Scrape {
    pub(super) meter: Meter,
    /// Sets the metrics that are only looked at when somebody asks.
    pub(super) measure: Box<dyn Fn() + Send + Sync>,
    /// Of slow scrapes, too, only so many are kept.
    pub(super) held: HeldBytes,
}

pub(super) async fn answer(State(scrape): State<Arc<Scrape>>) -> Response {
    (scrape.measure)();
    match scrape.meter.render() {
        Ok(text) => match scrape.held.hold(text) {
            Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
            Err(busy) => busy.into_response(),
        },
        Err(error) => {
            rarely!(error, %error, "the metrics cannot be rendered");
            ApiError::from(catalogue::INTERNAL).into_response()
        }
    }
}
