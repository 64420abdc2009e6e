//! What is counted of shadows.

use prometheus::{IntCounterVec, IntGauge};

use super::kind::Kind;
use crate::contract::Slot;
use crate::metrics::{Meter, MeterError};

/// Why a shadow did not run; those that the runtime adds have a series from their first on.
const REASONS: [&str; 8] = [
    "queue_full",
    "too_old",
    "not_carried_out",
    "no_decision",
    "recording",
    "over",
    "memory",
    "processor",
];

/// What is counted of shadows.
#[derive(Debug, Clone)]
pub struct ShadowMetrics {
    /// By place and outcome (`same`, `differs`, `fault`, `not_comparable`, `skipped`).
    calls: IntCounterVec,
    /// Those that did not run, by place and reason.
    skipped: IntCounterVec,
    /// Calls that wait for their shadow.
    pub(super) queue: IntGauge,
}

impl ShadowMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            calls: meter.counters(
                "auth_policy_shadow_calls_total",
                "Calls that a candidate followed as a shadow, by what came of it.",
                &["place", "outcome"],
            )?,
            skipped: meter.counters(
                "auth_policy_shadow_skipped_total",
                "Calls that a shadow could not follow, by reason.",
                &["place", "reason"],
            )?,
            queue: meter.gauge("auth_policy_shadow_queue", "Calls that wait for their shadow.")?,
        };
        for slot in Slot::ALL {
            for outcome in ["same", "differs", "fault", "not_comparable", "skipped"] {
                metrics.calls.with_label_values(&[slot.as_str(), outcome]);
            }
            for reason in REASONS {
                metrics.skipped.with_label_values(&[slot.as_str(), reason]);
            }
        }
        Ok(metrics)
    }

    pub(super) fn count(&self, slot: Slot, kind: &Kind) {
        self.calls.with_label_values(&[slot.as_str(), kind.class()]).inc();
        if let Kind::Skipped(reason) = kind {
            self.skipped.with_label_values(&[slot.as_str(), reason]).inc();
        }
    }
}
