//! What is counted of hashing.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

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
    /// Attempts that got no place, by reason: `full`; `displaced` by somebody who had
    /// fewer; `late`, after waiting for too long.
    pub refused: IntCounterVec,
    /// Attempts whose asker had gone, or had no time left, before the hash was begun.
    pub abandoned: IntCounter,
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
            refused: meter.counters(
                "auth_password_hash_refused_total",
                "Attempts that got no place at the hash threads, by reason.",
                &["reason"],
            )?,
            abandoned: meter.counter(
                "auth_password_hash_abandoned_total",
                "Hashes not made because nobody waited for them any more.",
            )?,
        };
        for reason in ["full", "displaced", "late"] {
            metrics.refused.with_label_values(&[reason]);
        }
        for algorithm in ["argon2id", "bcrypt"] {
            metrics.hashes.with_label_values(&[algorithm]);
        }
        Ok(metrics)
    }

    pub(super) fn refused(&self, reason: &str) {
        self.refused.with_label_values(&[reason]).inc();
    }
}
