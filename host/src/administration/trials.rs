//! Trials in the forms of the wire.

use super::describe::name;
use super::moments::moment;
use super::plan::{percent, step};
use super::views::{
    CandidateView, DifferenceView, MetricView, PausedView, RolloutView, SampleView,
};
use crate::policy::judgement::MetricFigures;
use crate::policy::rollout::JudgedTrial;
use crate::store::registry::{Candidate, Differences, Rollout};

/// The kind of two decisions that were the same.
const SAME: &str = "same";
/// So many samples of a kind are shown.
const SAMPLES: usize = 20;

pub(super) fn candidate(place: &str, candidate: &Candidate, trial: &JudgedTrial) -> CandidateView {
    let missing = trial.sum.missing.iter();
    CandidateView {
        rollout: candidate.rollout,
        release: name(place, candidate.release),
        base: name(place, candidate.base),
        mode: candidate.plan.mode,
        percent: percent(candidate.share),
        steps: candidate.plan.steps.iter().map(step).collect(),
        step: candidate.step,
        since: moment(candidate.turn_since),
        next_step_at: next_step(candidate).map(moment),
        began_at: moment(candidate.began_at),
        began_by: candidate.began_by.clone(),
        message: candidate.why.clone(),
        paused: candidate.paused.as_ref().map(|pause| PausedView {
            at: moment(pause.at),
            by: pause.by.clone(),
            message: pause.why.clone(),
        }),
        abort_if: candidate.plan.budgets.clone(),
        judgement: trial.verdict.clone(),
        replicas: trial.sum.replicas,
        missing: missing.map(|(replica, why)| format!("{replica}: {why}")).collect(),
    }
}

/// When the next step may begin; none if there is none, or the steps are paused.
fn next_step(candidate: &Candidate) -> Option<i64> {
    let steps = &candidate.plan.steps;
    let current = steps.get(candidate.step)?;
    steps.get(candidate.step + 1)?;
    let next = candidate.turn_since.saturating_add(current.hold_milliseconds);
    candidate.paused.is_none().then_some(next)
}

/// A trial with what was counted of it; one that goes on with its candidate.
pub(super) fn rollout(
    rollout: Rollout,
    differences: &Differences,
    going_on: Option<(&Candidate, &JudgedTrial)>,
) -> RolloutView {
    let of = |what: &str| {
        let counts = differences.counts.iter();
        counts.filter(|(kind, _)| split(kind).0 == what).map(|(_, count)| count).sum()
    };
    let trial = going_on.map(|(_, trial)| trial);
    RolloutView {
        rollout: rollout.rollout,
        release: name(&rollout.place, rollout.release),
        base: name(&rollout.place, rollout.base),
        mode: rollout.mode,
        began_at: moment(rollout.began_at),
        began_by: rollout.began_by,
        message: rollout.why,
        ended_at: rollout.ended_at.map(moment),
        ending: rollout.ending,
        candidate: going_on.map(|(one, trial)| candidate(&rollout.place, one, trial)),
        same: of(SAME),
        differ: of("differs"),
        faults: of("fault"),
        not_comparable: of("not_comparable"),
        skipped: of("skipped"),
        kinds: kinds(differences),
        metrics: trial.map(|trial| trial.metrics.iter().map(metric).collect()).unwrap_or_default(),
        calls: trial.map_or(0, |trial| trial.sum.candidate.calls),
        active_calls: trial.map_or(0, |trial| trial.sum.active.calls),
        place: rollout.place,
    }
}

fn kinds(differences: &Differences) -> Vec<DifferenceView> {
    let counts = differences.counts.iter().filter(|(kind, _)| kind != SAME);
    let kinds = counts.map(|(full, count)| {
        let (what, kind) = split(full);
        let samples = differences.samples.iter().filter(|sample| sample.kind == *full);
        DifferenceView {
            what: what.to_owned(),
            kind: kind.to_owned(),
            count: *count,
            samples: samples
                .take(SAMPLES)
                .map(|sample| SampleView {
                    request_id: sample.request_id.clone(),
                    at: moment(sample.at),
                    replica: sample.replica.clone(),
                })
                .collect(),
        }
    });
    kinds.collect()
}

/// `differs:accepted → captcha_required`.
fn split(kind: &str) -> (&str, &str) {
    kind.split_once(':').unwrap_or((kind, ""))
}

fn metric(figures: &MetricFigures) -> MetricView {
    // Times are milliseconds, the rest parts of 1.
    let scale = if figures.metric == "p99" { 1.0 } else { 100.0 };
    MetricView {
        metric: figures.metric.clone(),
        candidate: figures.candidate * scale,
        active: figures.active.map(|active| active * scale),
        low: figures.low * 100.0,
        high: figures.high * 100.0,
        limit: figures.limit.clone(),
        state: figures.state,
    }
}
