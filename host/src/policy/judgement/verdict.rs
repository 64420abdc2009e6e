//! What is judged, and what comes of it.

use serde::{Deserialize, Serialize};

use super::budget::{Budget, Budgets};
use crate::store::registry::{Counted, RolloutMode, RolloutPlan};

/// What an operator says of the judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgementSettings {
    /// `POLICY_JUDGEMENT`, over the usual budgets.
    pub budgets: Budgets,
    /// `POLICY_JUDGEMENT_LEAST`: so many calls of the candidate before it counts as good.
    pub least_calls: u64,
}

impl Default for JudgementSettings {
    fn default() -> Self {
        Self { budgets: Budgets::default(), least_calls: 200 }
    }
}

impl JudgementSettings {
    /// With what a trial's own plan says. It was checked when the trial began: what cannot be read
    /// all the same, because a newer program wrote it, is left out.
    #[must_use]
    pub fn of_plan(&self, plan: &RolloutPlan) -> Self {
        let own: Vec<Budget> = plan.budgets.iter().filter_map(|text| text.parse().ok()).collect();
        Self {
            budgets: self.budgets.with(&own),
            least_calls: plan.least_calls.unwrap_or(self.least_calls),
        }
    }
}

/// Where figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Both groups in the same time.
    Trial(RolloutMode),
    /// A fresh release, and the one before it until the change: what changed with the hour of the
    /// day is not told from what changed with the release, so that faults and time outs alone
    /// count.
    Probation,
}

/// What is judged.
#[derive(Debug, Clone)]
pub struct Judged<'j> {
    pub evidence: Evidence,
    /// With those of this trial.
    pub budgets: &'j Budgets,
    pub least_calls: u64,
    /// The rate of false alarms is shared by so many windows: the steps of the rollout.
    pub windows: usize,
    pub candidate: &'j Counted,
    /// None: nothing to compare with.
    pub active: Option<&'j Counted>,
}

/// What to think of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    Good,
    /// In a sentence, what is missing.
    NotEnough {
        why: String,
    },
    Bad(Failing),
}

/// Why it has to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    /// `faults`, `timeouts`, `p99`, `refusals.CODE`.
    pub metric: String,
    /// For the log, the history and the event.
    pub sentence: String,
    /// The most frequent cause of faults, or the metric.
    pub cause: String,
}

/// One metric of both groups, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricFigures {
    /// As a budget names it.
    pub metric: String,
    /// A part of 1, or for times milliseconds.
    pub candidate: f64,
    pub active: Option<f64>,
    /// The bounds that the difference of the parts lies within, but for the promised rate of error;
    /// the candidate's own part, if the limit is one or there is nothing to compare with. Of times,
    /// it is the part of calls that are slower than the limit allows.
    pub low: f64,
    pub high: f64,
    /// In words, as a budget says it; none: it is told and not judged.
    pub limit: Option<String>,
    pub state: MetricState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricState {
    Good,
    Undecided,
    Bad,
    /// There is no budget for it here.
    Told,
}
