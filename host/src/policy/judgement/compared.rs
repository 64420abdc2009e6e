//! One metric of both groups: how they differ, and whether that is certain.

use super::budget::{Limit, Metric};
use super::confidence::{Interval, interval};
use super::numbers::{float, part};
use super::times::{TIMES, percentile, slower};
use super::verdict::{Evidence, Judged, MetricState};
use crate::store::registry::{Counted, RolloutMode};

/// So many points of percent more of the candidate's calls may be slower than the limit allows.
const SLOWER: f64 = 0.01;
/// With fewer times nobody knows the percentile of a release.
pub(super) const LEAST_TIMES: u64 = 100;

/// Of a part of all calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    pub(super) seen: u64,
    pub(super) all: u64,
}

/// One metric of both groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    pub(super) metric: Metric,
    /// None: it is told and not judged.
    pub(super) limit: Option<Limit>,
    pub(super) candidate: Rate,
    pub(super) active: Option<Rate>,
    /// For p99: of both, and the limit, in microseconds.
    pub(super) times: Option<Times>,
    pub(super) bounds: Interval,
    /// There is something to compare.
    pub(super) knows: bool,
    /// `Good`: what was seen is within the limit.
    pub(super) state: MetricState,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    pub(super) candidate: u64,
    pub(super) active: Option<u64>,
    pub(super) limit: u64,
}

impl Rate {
    pub(super) fn part(self) -> f64 {
        part(self.seen, self.all)
    }

    fn bounds(self, error: f64) -> Interval {
        interval(self.seen, self.all, error)
    }
}

/// Compares a part of all calls. `error` is that of one group's bounds.
pub(super) fn rate(judged: &Judged<'_>, metric: Metric, error: f64) -> Compared {
    let of = |counted: &Counted| Rate {
        seen: match &metric {
            Metric::Faults => counted.faults,
            Metric::Timeouts => counted.timeouts,
            Metric::RefusalsOf(code) => counted.refusals.get(code).copied().unwrap_or(0),
            Metric::Failed => {
                let all = counted.calls.saturating_add(counted.failed);
                return Rate { seen: counted.failed, all };
            }
            Metric::P99 | Metric::Refusals => 0,
        }
        .min(counted.calls),
        all: counted.calls,
    };
    let limit = limit(judged, &metric);
    let (candidate, active) = (of(judged.candidate), judged.active.map(of));
    let own = candidate.bounds(error);
    let beside = active.map(|active| (active, active.bounds(error)));
    let compares = !matches!(limit, Some(Limit::Share(_)));
    let is_fresh = judged.evidence == Evidence::Probation;
    let (difference, bounds) = match beside.filter(|_| compares) {
        // What is fresh is compared with what is known of the release before it. If that spoiled
        // nothing, or if little is known of it, the limit stands for itself: the bounds of few
        // calls would excuse whatever the fresh one does.
        Some((active, _)) if is_fresh && (active.seen == 0 || active.all < judged.least_calls) => {
            (candidate.part(), own)
        }
        Some((active, other)) => (
            candidate.part() - active.part(),
            Interval { low: own.low - other.high, high: own.high - other.low },
        ),
        None => (candidate.part(), own),
    };
    // Without a call of the active release there is nothing to say.
    let knows =
        candidate.all > 0 && (!compares || is_fresh || active.is_none_or(|active| active.all > 0));
    let state = match limit {
        None | Some(Limit::Times(_) | Limit::Longer(_) | Limit::Off) => MetricState::Told,
        Some(Limit::Share(most) | Limit::More(most)) => state(difference, bounds, most, knows),
    };
    Compared { metric, limit, candidate, active, times: None, bounds, knows, state }
}

/// Compares how many calls are slower than the limit allows.
pub(super) fn p99(judged: &Judged<'_>, error: f64) -> Compared {
    let limit = limit(judged, &Metric::P99);
    let before = judged.active.and_then(|active| percentile(&active.times, 0.99));
    let most = longest(judged.evidence, limit, before.unwrap_or(0));
    let of = |counted: &Counted| {
        let (seen, all) = slower(&counted.times, most);
        Rate { seen, all }
    };
    let candidate = of(judged.candidate);
    let active = judged.active.map_or(Rate { seen: 0, all: 0 }, of);
    let (own, other) = (candidate.bounds(error), active.bounds(error));
    let bounds = Interval { low: own.low - other.high, high: own.high - other.low };
    let difference = candidate.part() - active.part();
    let knows = candidate.all >= LEAST_TIMES && active.all >= LEAST_TIMES;
    let times = percentile(&judged.candidate.times, 0.99).map(|candidate| Times {
        candidate,
        active: before,
        limit: most,
    });
    let state = match limit {
        None => MetricState::Told,
        Some(_) => state(difference, bounds, SLOWER, knows),
    };
    Compared {
        metric: Metric::P99,
        limit,
        candidate,
        active: judged.active.map(|_| active),
        times,
        bounds,
        knows,
        state,
    }
}

/// What counts as slow: at least what a person could notice, or of processor time what a machine
/// would.
fn longest(evidence: Evidence, limit: Option<Limit>, before: u64) -> u64 {
    let least = match evidence {
        Evidence::Trial(RolloutMode::Shadow) => 2_000,
        Evidence::Trial(RolloutMode::Share) | Evidence::Probation => 20_000,
    };
    let most = match limit {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "three seconds a hundred times, in microseconds"
        )]
        Some(Limit::Times(times)) => (float(before) * times).round() as u64,
        Some(Limit::Longer(longer)) => before.saturating_add(longer),
        _ => before,
    };
    let most = most.max(least);
    // As the buckets tell times apart: never less than the limit.
    TIMES.into_iter().find(|end| *end >= most).unwrap_or(most)
}

fn state(difference: f64, bounds: Interval, most: f64, knows: bool) -> MetricState {
    if !knows {
        MetricState::Undecided
    } else if bounds.low > most {
        MetricState::Bad
    } else if difference > most {
        MetricState::Undecided
    } else {
        MetricState::Good
    }
}

/// The limit that holds here, if any does.
fn limit(judged: &Judged<'_>, metric: &Metric) -> Option<Limit> {
    let budget = judged.budgets.of(metric).filter(|budget| budget.limit != Limit::Off)?;
    let is_judged = match (judged.evidence, metric) {
        (_, Metric::Faults | Metric::Timeouts)
        | (Evidence::Trial(RolloutMode::Share), _)
        | (Evidence::Trial(RolloutMode::Shadow), Metric::P99) => true,
        // A shadow is not told what the host could not do.
        (Evidence::Probation, _) | (Evidence::Trial(RolloutMode::Shadow), Metric::Failed) => false,
        // They are what a shadow is for: whoever tries a stricter policy wants to see them.
        (Evidence::Trial(RolloutMode::Shadow), _) => budget.own,
    };
    is_judged.then_some(budget.limit)
}
