//! What is counted of the relay, on each replica for itself; only what waits and what was given up
//! is the same on all of them.

use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec, IntGauge};

use super::outcome::PublishResult;
use crate::metrics::{Meter, MeterError, SECONDS};

/// Every part of the relay counts here, and `/readyz` reads what waits and what was given up.
#[derive(Clone)]
pub struct RelayMetrics {
    /// Events that wait for publication.
    pub pending: IntGauge,
    /// Age of the oldest event that waits, in seconds.
    pub oldest_age: Gauge,
    /// Events that were given up and wait for an operator.
    pub dead: IntGauge,
    /// Events that this replica gave up.
    pub dead_total: IntCounter,
    /// Publications, by result (`ack`, `nack`, `returned`, `timeout`, `error`).
    pub publish: IntCounterVec,
    /// Time from handing a batch to the sink to its last confirm, in seconds.
    pub publish_seconds: Histogram,
    /// Time from commit to confirm, in seconds.
    pub commit_to_ack: Histogram,
    /// Attempts that an event took: one, and one for each failure of its own.
    pub attempts: Histogram,
    /// Events in a batch.
    pub batch_size: Histogram,
    /// Events whose lease had ended before they were marked as published.
    pub leases_lost: IntCounter,
    /// Whether there is a connection to `RabbitMQ`.
    pub connected: IntGauge,
    /// Whether `RabbitMQ` blocks publishers.
    pub blocked: IntGauge,
    /// Connections to `RabbitMQ` that were made.
    pub reconnects: IntCounter,
    /// Times that the queue was gone and was declared again.
    pub topology_mended: IntCounter,
}

impl RelayMetrics {
    /// Registers them, each at 0, so that a query finds them before the first event.
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let batch_sizes = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];
        let seconds = |name, help| meter.histogram(name, help, SECONDS);
        let metrics = Self {
            pending: meter.gauge("auth_outbox_pending", "Events that wait for publication.")?,
            oldest_age: meter.float_gauge(
                "auth_outbox_oldest_pending_age_seconds",
                "Age of the oldest event that waits.",
            )?,
            dead: meter
                .gauge("auth_outbox_dead", "Events that were given up and wait for an operator.")?,
            dead_total: meter
                .counter("auth_outbox_dead_total", "Events that this replica gave up.")?,
            publish: meter.counters(
                "auth_outbox_publish_total",
                "Publications, by result.",
                &["result"],
            )?,
            publish_seconds: seconds(
                "auth_outbox_publish_seconds",
                "Time from a batch to its last confirm.",
            )?,
            commit_to_ack: seconds(
                "auth_outbox_commit_to_ack_seconds",
                "Time from commit to confirm.",
            )?,
            attempts: meter.histogram(
                "auth_outbox_attempts",
                "Attempts that an event took.",
                &[1.0, 2.0, 3.0, 5.0, 10.0],
            )?,
            batch_size: meter.histogram(
                "auth_outbox_batch_size",
                "Events in a batch.",
                batch_sizes,
            )?,
            leases_lost: meter.counter(
                "auth_outbox_leases_lost_total",
                "Events whose lease had ended before they were marked as published.",
            )?,
            connected: meter
                .gauge("auth_relay_connected", "Whether there is a connection to RabbitMQ.")?,
            blocked: meter.gauge("auth_relay_blocked", "Whether RabbitMQ blocks publishers.")?,
            reconnects: meter.counter(
                "auth_relay_reconnects_total",
                "Connections to RabbitMQ that were made.",
            )?,
            topology_mended: meter.counter(
                "auth_relay_topology_mended_total",
                "Times that the queue was gone and was declared again.",
            )?,
        };
        for result in PublishResult::ALL {
            metrics.publish.with_label_values(&[result.as_str()]);
        }
        Ok(metrics)
    }
}
