//! What is counted of decisions.

use prometheus::{IntCounter, IntCounterVec};

use crate::contract::Slot;
use crate::metrics::{Meter, MeterError};
use crate::policy::health::Cause;

/// What is counted of decisions.
pub struct DecisionMetrics {
    /// Policy calls by slot and outcome (`accepted`, `refused`, `failed`, `fault`).
    pub policy_calls: IntCounterVec,
    /// Calls that a policy spoiled, by slot and cause.
    pub policy_faults: IntCounterVec,
    /// Refresh calls that got the stored answer of the grace window.
    pub refresh_repeats: IntCounter,
    /// Refresh calls of sessions that had their rotations of the minute.
    pub refresh_throttled: IntCounter,
    /// Sessions revoked because a replaced refresh token came back.
    pub refresh_reuse: IntCounter,
    /// Refresh tokens of the old service that were accepted.
    pub refresh_legacy: IntCounter,
}

impl DecisionMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            policy_calls: meter.counters(
                "auth_policy_calls_total",
                "Policy calls by slot and outcome.",
                &["slot", "outcome"],
            )?,
            policy_faults: meter.counters(
                "auth_policy_faults_total",
                "Calls that a policy spoiled, by cause.",
                &["slot", "cause"],
            )?,
            refresh_repeats: meter.counter(
                "auth_refresh_repeats_total",
                "Refreshes that got the stored answer of the grace window.",
            )?,
            refresh_throttled: meter.counter(
                "auth_refresh_throttled_total",
                "Refreshes of sessions that were refreshed too often.",
            )?,
            refresh_reuse: meter.counter(
                "auth_refresh_reuse_detected_total",
                "Sessions revoked because a replaced token came back.",
            )?,
            refresh_legacy: meter.counter(
                "auth_refresh_legacy_total",
                "Refresh tokens of the old service that were accepted.",
            )?,
        };
        for slot in Slot::ALL {
            for outcome in ["accepted", "refused", "failed", "fault"] {
                metrics.policy_calls.with_label_values(&[slot.as_str(), outcome]);
            }
            for cause in Cause::ALL {
                metrics.policy_faults.with_label_values(&[slot.as_str(), cause.as_str()]);
            }
        }
        Ok(metrics)
    }
}
