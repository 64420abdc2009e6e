//! What is counted of requests. Origins are those that were granted, so the labels are bounded.

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use crate::metrics::{Meter, MeterError, SECONDS};

pub(super) struct OutgoingMetrics {
    /// Requests, by place, origin and outcome.
    pub(super) requests: IntCounterVec,
    /// Time from a request to the end of its answer, or until it failed.
    pub(super) seconds: HistogramVec,
    /// Whether an origin is left alone.
    pub(super) circuit_open: IntGaugeVec,
    /// Requests that are under way.
    pub(super) under_way: IntGaugeVec,
}

impl OutgoingMetrics {
    pub(super) fn new(meter: &Meter) -> Result<Self, MeterError> {
        Ok(Self {
            requests: meter.counters(
                "auth_policy_http_requests_total",
                "Requests of policies to other services, by outcome.",
                &["place", "origin", "outcome"],
            )?,
            seconds: meter.histograms(
                "auth_policy_http_seconds",
                "Time of requests of policies to other services, until the whole answer.",
                &["place", "origin"],
                SECONDS,
            )?,
            circuit_open: meter.gauges(
                "auth_policy_http_circuit_open",
                "Whether a service that failed again and again is left alone for a while.",
                &["place", "origin"],
            )?,
            under_way: meter.gauges(
                "auth_policy_http_under_way",
                "Requests of policies to other services that are under way.",
                &["place"],
            )?,
        })
    }
}
