//! What is shown of trials.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use crate::contract::{PerSlot, Slot};
use crate::metrics::{Meter, MeterError};
use crate::policy::judgement::Verdict;
use crate::store::registry::{Candidate, RolloutMode, WHOLE};

/// The verdicts, as the label says them.
const VERDICTS: [&str; 3] = ["good", "not_enough", "bad"];

/// What is shown of trials. A place in which nothing is tried has no series but for the counter.
#[derive(Clone)]
pub struct TrialMetrics {
    /// The part of all people, or of all calls, that this replica gives to a candidate.
    share: GaugeVec,
    /// 1 for the current verdict.
    verdict: IntGaugeVec,
    /// How long a step waits beyond its time, in seconds.
    overdue: IntGaugeVec,
    /// Candidates that this replica took out, by what was wrong with them.
    taken_out: IntCounterVec,
    /// The labels of `share` that are shown.
    shown: Arc<PerSlot<Mutex<Option<[String; 2]>>>>,
}

impl TrialMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            share: meter.float_gauges(
                "auth_policy_rollout_share",
                "The part that this replica gives to a candidate, from 0 to 1: of people, or in a \
                 shadow of calls. 0 where it does not take part.",
                &["place", "release", "mode"],
            )?,
            verdict: meter.gauges(
                "auth_policy_rollout_verdict",
                "1 for what the judgement says of the candidate now.",
                &["place", "verdict"],
            )?,
            overdue: meter.gauges(
                "auth_policy_rollout_overdue_seconds",
                "How long a step of a share waits beyond its time for a good verdict.",
                &["place"],
            )?,
            taken_out: meter.counters(
                "auth_policy_taken_out_total",
                "Candidates that this replica took out, by the metric that was judged bad.",
                &["place", "metric"],
            )?,
            shown: Arc::default(),
        };
        // A series that begins at 1 does not rise: an alert would miss it.
        for slot in Slot::ALL {
            for metric in ["faults", "timeouts", "failed", "p99", "refusals"] {
                metrics.taken_out.with_label_values(&[slot.as_str(), metric]);
            }
        }
        Ok(metrics)
    }

    /// A place has this candidate, and this replica gives it such a part, in hundredths of a
    /// percent.
    pub(super) fn shares(&self, slot: Slot, candidate: &Candidate, part: u32) {
        let mode = match candidate.plan.mode {
            RolloutMode::Shadow => "shadow",
            RolloutMode::Share => "share",
        };
        let labels = [candidate.release.to_string(), mode.to_owned()];
        let mut shown = self.shown.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
        if shown.as_ref() != Some(&labels) {
            self.remove_share(slot, shown.take());
        }
        let [release, mode] = &labels;
        let gauge = self.share.with_label_values(&[slot.as_str(), release, mode]);
        gauge.set(f64::from(part) / f64::from(WHOLE));
        *shown = Some(labels);
    }

    /// What the judgement says, and how long a step waits beyond its time, in seconds.
    pub(super) fn judged(&self, slot: Slot, verdict: &Verdict, overdue: i64) {
        let current = match verdict {
            Verdict::Good => "good",
            Verdict::NotEnough { .. } => "not_enough",
            Verdict::Bad(_) => "bad",
        };
        for verdict in VERDICTS {
            let is = i64::from(verdict == current);
            self.verdict.with_label_values(&[slot.as_str(), verdict]).set(is);
        }
        self.overdue.with_label_values(&[slot.as_str()]).set(overdue);
    }

    /// This replica took a candidate out because of this metric; refusal codes are not told apart.
    pub(super) fn taken_out(&self, slot: Slot, metric: &str) {
        let metric = metric.split('.').next().unwrap_or(metric);
        self.taken_out.with_label_values(&[slot.as_str(), metric]).inc();
    }

    /// Nothing is tried in a place.
    pub(super) fn nothing(&self, slot: Slot) {
        let mut shown = self.shown.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(labels) = shown.take() {
            self.remove_share(slot, Some(labels));
            for verdict in VERDICTS {
                let _ = self.verdict.remove_label_values(&[slot.as_str(), verdict]);
            }
            let _ = self.overdue.remove_label_values(&[slot.as_str()]);
        }
    }

    fn remove_share(&self, slot: Slot, labels: Option<[String; 2]>) {
        if let Some([release, mode]) = labels {
            let _ = self.share.remove_label_values(&[slot.as_str(), &release, &mode]);
        }
    }
}
