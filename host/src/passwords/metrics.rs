//! What is counted of hashing.

use prometheus::{Histogram, IntCounterVec, IntGauge};

use crate::metrics::{Meter, MeterError, SECONDS};

/// What is counted of hashing.
#[derive(Clone)]
pub struct HashMetrics {
    /// Hashes that wait for a thread now.
    pub queued: IntGauge,
    /// Time that a hash waited for a thread, in seconds.
    pub wait: Histogram,
    /// Time that a hash took, in seconds.
    pub seconds: Histogram,
    /// Hashes made and verified, by algorithm (`argon2id`, `bcrypt`).
    pub hashes: IntCounterVec,
}

impl HashMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            queued: meter
                .gauge("auth_password_hash_queued", "Hashes that wait for a thread now.")?,
            wait: meter.histogram(
                "auth_password_hash_wait_seconds",
                "Time that a hash waited for a thread.",
                SECONDS,
            )?,
            seconds: meter.histogram(
                "auth_password_hash_seconds",
                "Time that a hash took.",
                SECONDS,
            )?,
            hashes: meter.counters(
                "auth_password_hash_total",
                "Hashes made and verified, by algorithm.",
                &["algorithm"],
            )?,
        };
        for algorithm in ["argon2id", "bcrypt"] {
            metrics.hashes.with_label_values(&[algorithm]);
        }
        Ok(metrics)
    }
}
