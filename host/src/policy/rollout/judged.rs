//! What to think of a trial at this moment: the same for whoever takes a candidate out, and for
//! people who look.

use serde_json::json;

use super::figures::{TrialSum, of_trial};
use crate::policy::judgement::{
    Evidence, Judged, JudgementSettings, MetricFigures, Verdict, judge,
};
use crate::store::registry::{Candidate, Replica, WHOLE, unready};

/// A trial with what all live replicas counted of it at its turn.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedTrial {
    pub sum: TrialSum,
    pub verdict: Verdict,
    pub metrics: Vec<MetricFigures>,
}

impl JudgedTrial {
    /// For the history, a JSON object: the figures of both groups, and of no person.
    pub fn details(&self) -> String {
        let Self { sum, verdict, metrics } = self;
        json!({
            "judgement": verdict,
            "metrics": metrics,
            "calls": sum.candidate.calls,
            "active_calls": sum.active.calls,
            "replicas": sum.replicas,
        })
        .to_string()
    }
}

/// Judges the candidate of a place.
pub fn judge_trial(
    settings: &JudgementSettings,
    place: &str,
    candidate: &Candidate,
    replicas: &[Replica],
) -> JudgedTrial {
    let sum = of_trial(place, candidate, replicas);
    let plan = &candidate.plan;
    let settings = settings.of_plan(plan);
    let windows = plan.steps.iter().filter(|step| step.share < WHOLE).count();
    let (verdict, metrics) = judge(&Judged {
        evidence: Evidence::Trial(plan.mode),
        budgets: &settings.budgets,
        least_calls: settings.least_calls,
        windows: windows.max(1),
        candidate: &sum.candidate,
        active: Some(&sum.active),
    });
    let verdict = match (verdict, unready(place, candidate, replicas)) {
        // No step begins that a replica could not take, as none serves all that was not ready.
        (Verdict::Good, Some(unready)) if !plan.steps.is_empty() => {
            Verdict::NotEnough { why: unready.sentence() }
        }
        (verdict, _) => verdict,
    };
    JudgedTrial { sum, verdict, metrics }
}
