//! What is counted of the database.

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use crate::metrics::{Meter, MeterError, SECONDS};

/// Of PostgreSQL alone; with SQLite they stay at 0.
#[derive(Clone)]
pub struct DatabaseMetrics {
    /// Time to get a connection, in seconds, by pool.
    pub acquire: HistogramVec,
    /// What went wrong, by kind.
    pub errors: IntCounterVec,
    /// Open connections, by pool and state.
    pub connections: IntGaugeVec,
}

impl DatabaseMetrics {
    /// Registers them, each at 0, so that a dashboard sees them before the first error.
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            acquire: meter.histograms(
                "auth_database_acquire_seconds",
                "Time to get a connection.",
                &["pool"],
                SECONDS,
            )?,
            errors: meter.counters(
                "auth_database_errors_total",
                "What went wrong with PostgreSQL.",
                &["kind"],
            )?,
            connections: meter.gauges(
                "auth_database_connections",
                "Open connections to PostgreSQL.",
                &["pool", "state"],
            )?,
        };
        for kind in ["unavailable", "timeout", "outcome_unknown"] {
            metrics.errors.with_label_values(&[kind]);
        }
        for pool in ["requests", "background"] {
            metrics.acquire.with_label_values(&[pool]);
            for state in ["idle", "used"] {
                metrics.connections.with_label_values(&[pool, state]);
            }
        }
        Ok(metrics)
    }
}
