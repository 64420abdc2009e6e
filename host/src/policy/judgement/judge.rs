//! Good, bad, or not enough data: a function of figures alone.
//!
//! The promise: of all rollouts whose candidate is no worse than the limits allow, fewer than one
//! in a hundred is judged bad, however often one looks. Each bound may be wrong with a part of
//! that probability: it is shared by the windows, the metrics and the two groups.

use std::collections::BTreeSet;

use super::budget::Metric;
use super::compared::{Compared, p99, rate};
use super::times::first_slower;
use super::verdict::{Evidence, Failing, Judged, MetricFigures, MetricState, Verdict};
use super::words::{limit_in_words, not_enough, sentence};
use crate::store::registry::Counted;

/// The probability of a false alarm in a whole rollout.
pub(super) const ERROR: f64 = 0.01;
/// It is shared as if there were so many refusal codes at least.
const LEAST_CODES: usize = 8;
/// So many codes are looked at.
const MOST_CODES: usize = 128;
/// The times' limit moves with the active release's percentile, while that is young over up to so
/// many buckets.
const SHARES_OF_P99: usize = 12;
/// Under this name are people whose calls the host failed; no code has it that a person is told.
pub const FAILED: &str = "(failed)";
/// Whatever else is bad must have met so many people.
const LEAST_MET: usize = 5;
/// No rollout has so many steps.
const MOST_WINDOWS: usize = 1000;
/// Faults must meet so many people, and come from so many networks if calls come from many.
const LEAST_PEOPLE: usize = 3;
const LEAST_NETWORKS: usize = 3;
const MANY_NETWORKS: u32 = 16;

/// Judges, and says what of.
pub fn judge(judged: &Judged<'_>) -> (Verdict, Vec<MetricFigures>) {
    let mut all = compare(judged);
    let is_spoiled = is_spoiled_for_many(judged.candidate);
    let of_faults = |one: &Compared| matches!(one.metric, Metric::Faults | Metric::Timeouts);
    let mut met_few = None;
    for one in all.iter_mut().filter(|one| one.state == MetricState::Bad) {
        let met = met(judged.candidate, one);
        let are_many = if of_faults(one) { is_spoiled } else { met >= LEAST_MET };
        if !are_many {
            met_few = met_few.or(Some((one.metric.clone(), met)));
            one.state = MetricState::Undecided;
        }
    }
    let verdict = match worst(judged.candidate, &all) {
        Some(bad) => Verdict::Bad(failing(judged, bad)),
        None => match not_enough(judged, &all, met_few.as_ref()) {
            Some(why) => Verdict::NotEnough { why },
            None => Verdict::Good,
        },
    };
    (verdict, all.iter().map(figures).collect())
}

/// All metrics of both groups.
fn compare(judged: &Judged<'_>) -> Vec<Compared> {
    let codes = codes(judged);
    let metrics = match judged.evidence {
        Evidence::Probation => 2,
        Evidence::Trial(_) => 3 + SHARES_OF_P99 + parts_of_codes(codes.len()),
    };
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let error = ERROR / (judged.windows.clamp(1, MOST_WINDOWS) * metrics * 2) as f64;
    let mut all = vec![
        rate(judged, Metric::Faults, error),
        rate(judged, Metric::Timeouts, error),
        rate(judged, Metric::Failed, error),
        p99(judged, error),
    ];
    all.extend(codes.into_iter().map(|code| rate(judged, Metric::RefusalsOf(code), error)));
    all
}

/// Into so many parts the error is divided, of which each code has one. New codes come while a
/// trial runs: two thirds of it are for the first eight, a sixth for when there are up to 16, a
/// twelfth for up to 32, and so on, so that all these looks together have no more than there is.
fn parts_of_codes(codes: usize) -> usize {
    if codes <= LEAST_CODES {
        return LEAST_CODES * 3 / 2;
    }
    let most = codes.next_power_of_two();
    most * 3 * (most / LEAST_CODES)
}

/// The codes that either refused with, and those that a budget names.
fn codes(judged: &Judged<'_>) -> BTreeSet<String> {
    let named = judged.budgets.0.iter().filter_map(|budget| match &budget.metric {
        Metric::RefusalsOf(code) => Some(code),
        _ => None,
    });
    let groups = std::iter::once(judged.candidate).chain(judged.active);
    let seen = groups.flat_map(|counted| counted.refusals.keys());
    named.chain(seen).take(MOST_CODES).cloned().collect()
}

/// Whoever has one account, or one network, cannot take a candidate out.
fn is_spoiled_for_many(candidate: &Counted) -> bool {
    let distinct = |names: &[u32]| names.iter().collect::<BTreeSet<_>>().len();
    let networks = distinct(&candidate.failing_networks);
    distinct(&candidate.failing) >= LEAST_PEOPLE
        && (candidate.networks < MANY_NETWORKS || networks >= LEAST_NETWORKS)
}

/// So many people are known whom it met.
fn met(candidate: &Counted, one: &Compared) -> usize {
    let people: BTreeSet<u32> = match &one.metric {
        Metric::Faults | Metric::Timeouts => candidate.failing.iter().copied().collect(),
        Metric::P99 => {
            let slow = one.times.map_or(usize::MAX, |times| first_slower(times.limit));
            candidate.timed.iter().skip(slow).flatten().copied().collect()
        }
        Metric::Failed => of(candidate, FAILED),
        Metric::Refusals => BTreeSet::new(),
        Metric::RefusalsOf(code) => of(candidate, code),
    };
    people.len()
}

fn of(candidate: &Counted, name: &str) -> BTreeSet<u32> {
    candidate.met.get(name).into_iter().flatten().copied().collect()
}

/// The first that is bad; faults that are mostly time outs are time outs.
fn worst<'c>(candidate: &Counted, all: &'c [Compared]) -> Option<&'c Compared> {
    let bad = |metric: &Metric| {
        all.iter().find(|one| one.state == MetricState::Bad && one.metric == *metric)
    };
    let time_outs = bad(&Metric::Timeouts).filter(|_| {
        candidate.timeouts >= candidate.faults - candidate.timeouts.min(candidate.faults)
    });
    time_outs.or_else(|| all.iter().find(|one| one.state == MetricState::Bad))
}

fn failing(judged: &Judged<'_>, bad: &Compared) -> Failing {
    let frequent = judged.candidate.causes.iter().max_by_key(|(_, faults)| **faults);
    let cause = match bad.metric {
        Metric::Faults => frequent.map_or_else(|| "unknown".to_owned(), |(cause, _)| cause.clone()),
        Metric::Timeouts => "deadline".to_owned(),
        _ => bad.metric.to_string(),
    };
    Failing { metric: bad.metric.to_string(), sentence: sentence(judged, bad), cause }
}

fn figures(one: &Compared) -> MetricFigures {
    let milliseconds = |micros: u64| super::numbers::float(micros) / 1000.0;
    let (candidate, active) = match (&one.metric, one.times) {
        (Metric::P99, Some(times)) => {
            (milliseconds(times.candidate), times.active.map(milliseconds))
        }
        (Metric::P99, None) => (0.0, None),
        _ => (one.candidate.part(), one.active.map(super::compared::Rate::part)),
    };
    MetricFigures {
        metric: one.metric.to_string(),
        candidate,
        active,
        low: one.bounds.low,
        high: one.bounds.high,
        limit: limit_in_words(one),
        state: one.state,
    }
}

#[cfg(test)]
mod tests;
