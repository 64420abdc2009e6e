//! What is counted of HTTP.

use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge};

use crate::errors::catalogue;
use crate::metrics::{Meter, MeterError, SECONDS};

/// Reasons that dashboards know from the first scrape on. `not_found` stays 0: a metric that moves
/// for unknown addresses would tell who has an account.
const REASONS: [&str; 5] = [
    catalogue::INVALID_CREDENTIALS.code,
    catalogue::NOT_FOUND.code,
    catalogue::ALREADY_EXISTS.code,
    catalogue::INVALID_TOKEN.code,
    catalogue::INTERNAL.code,
];
/// Statuses that dashboards know from the first scrape on.
const STATUSES: [&str; 7] = ["200", "400", "401", "409", "429", "500", "503"];

/// What is counted of HTTP.
#[derive(Clone)]
pub struct HttpMetrics {
    /// Requests by method, route template and status.
    pub requests: IntCounterVec,
    /// Time from the head of a request to its answer, in seconds.
    pub request_duration: HistogramVec,
    pub connections: ConnectionMetrics,
}

/// What is counted of the connections of a listener.
#[derive(Clone)]
pub struct ConnectionMetrics {
    pub open: IntGauge,
    /// Connections that waited for a request and were closed for others.
    pub closed_for_room: IntCounter,
    /// Requests that were turned away because all places were taken by others in flight.
    pub refused: IntCounter,
}

/// What is counted of one endpoint.
#[derive(Clone)]
pub struct EndpointMetrics {
    /// Calls that were answered with tokens.
    pub success: IntCounter,
    /// Calls that were not, by the `code` of the answer.
    pub failed: IntCounterVec,
}

impl HttpMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        Ok(Self {
            requests: meter.counters(
                "http_requests_total",
                "Requests by method, route and status.",
                &["method", "path", "status"],
            )?,
            request_duration: meter.histograms(
                "http_request_duration_seconds",
                "Time to answer a request.",
                &["method", "path"],
                SECONDS,
            )?,
            connections: ConnectionMetrics::new(meter, "auth_http")?,
        })
    }

    /// Of the admin listener, in series of its own: those of the contract tell of the public one.
    pub fn of_admin(meter: &Meter) -> Result<Self, MeterError> {
        Ok(Self {
            requests: meter.counters(
                "auth_admin_http_requests_total",
                "Requests of the admin listener by method, route and status.",
                &["method", "path", "status"],
            )?,
            request_duration: meter.histograms(
                "auth_admin_http_request_duration_seconds",
                "Time to answer a request of the admin listener.",
                &["method", "path"],
                SECONDS,
            )?,
            connections: ConnectionMetrics::new(meter, "auth_admin_http")?,
        })
    }

    /// The series of a `POST` route are there before its first request.
    pub fn expect_post(&self, path: &str) {
        self.request_duration.with_label_values(&["POST", path]);
        for status in STATUSES {
            self.requests.with_label_values(&["POST", path, status]);
        }
    }
}

impl ConnectionMetrics {
    fn new(meter: &Meter, prefix: &str) -> Result<Self, MeterError> {
        Ok(Self {
            open: meter.gauge(&format!("{prefix}_connections"), "Open client connections.")?,
            closed_for_room: meter.counter(
                &format!("{prefix}_connections_closed_for_room_total"),
                "Connections without a request that were closed for others.",
            )?,
            refused: meter.counter(
                &format!("{prefix}_requests_refused_total"),
                "Requests refused as busy because requests in flight took all places.",
            )?,
        })
    }
}

impl EndpointMetrics {
    /// `auth_<name>_success_total` and `auth_<name>_failed_total`, all at 0.
    pub fn new(meter: &Meter, name: &str) -> Result<Self, MeterError> {
        let metrics = Self {
            success: meter.counter(
                &format!("auth_{name}_success_total"),
                "Calls that were answered with tokens.",
            )?,
            failed: meter.counters(
                &format!("auth_{name}_failed_total"),
                "Calls that were not, by the code of the answer.",
                &["reason"],
            )?,
        };
        for reason in REASONS {
            metrics.failed.with_label_values(&[reason]);
        }
        Ok(metrics)
    }
}
