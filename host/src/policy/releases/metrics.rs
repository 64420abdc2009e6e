//! What is counted of releases in step.

use prometheus::{Histogram, IntCounterVec, IntGaugeVec};

use super::trial_metrics::TrialMetrics;
use crate::contract::Slot;
use crate::metrics::{Meter, MeterError};
use crate::store::registry::DeploymentState;

/// What is counted of releases in step.
#[derive(Clone)]
pub struct FollowMetrics {
    /// 1 where this replica does not serve what is active.
    pub behind: IntGaugeVec,
    /// 1 where this replica serves a pinned release.
    pub pinned: IntGaugeVec,
    /// 1 where what serves here would not be deployed anew: too few trusted keys have signed it.
    pub untrusted: IntGaugeVec,
    /// Deployments that this replica was the one to end, by how they ended.
    pub deployments: IntCounterVec,
    /// 1 while a deployment of the place is open.
    pub open: IntGaugeVec,
    /// From the change of the registry until this replica serves it, in seconds.
    pub flip_delay: Histogram,
    pub trials: TrialMetrics,
}

/// Buckets in seconds of a flip.
const FLIP_SECONDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 120.0];

impl FollowMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            behind: meter.gauges(
                "auth_policy_replica_behind",
                "1 where this replica does not serve the release that is active.",
                &["place"],
            )?,
            pinned: meter.gauges(
                "auth_policy_pinned",
                "1 where this replica serves a pinned release, whatever is active.",
                &["place", "release"],
            )?,
            untrusted: meter.gauges(
                "auth_policy_untrusted",
                "1 where what serves would not be deployed anew: too few trusted signatures or grants.",
                &["place"],
            )?,
            deployments: meter.counters(
                "auth_policy_deployments_total",
                "Deployments that this replica ended, by how they ended.",
                &["place", "state"],
            )?,
            open: meter.gauges(
                "auth_policy_deployment_open",
                "1 while a deployment of the place is open.",
                &["place"],
            )?,
            flip_delay: meter.histogram(
                "auth_policy_flip_delay_seconds",
                "Time from a change of the active release until this replica serves it.",
                FLIP_SECONDS,
            )?,
            trials: TrialMetrics::new(meter)?,
        };
        for slot in Slot::ALL {
            metrics.behind.with_label_values(&[slot.as_str()]).set(0);
            metrics.untrusted.with_label_values(&[slot.as_str()]).set(0);
            metrics.open.with_label_values(&[slot.as_str()]).set(0);
            for state in ["activated", "refused", "expired"] {
                metrics.deployments.with_label_values(&[slot.as_str(), state]);
            }
        }
        Ok(metrics)
    }

    /// A deployment that this replica ended.
    pub(super) fn ended(&self, slot: Slot, state: DeploymentState) {
        let state = match state {
            DeploymentState::Preparing => return,
            DeploymentState::Activated => "activated",
            DeploymentState::Refused => "refused",
            DeploymentState::Expired => "expired",
            DeploymentState::Cancelled => "cancelled",
        };
        self.deployments.with_label_values(&[slot.as_str(), state]).inc();
    }
}
