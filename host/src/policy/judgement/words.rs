//! A verdict in a sentence that a person can check.

use super::budget::{Limit, Metric};
use super::compared::{Compared, LEAST_TIMES};
use super::numbers::{float, percent};
use super::verdict::{Evidence, Judged, MetricState};
use crate::numbers::grouped;

/// As a budget says it, if it is judged.
pub(super) fn limit_in_words(one: &Compared) -> Option<String> {
    one.limit.map(|limit| limit.to_string())
}

/// Why a candidate has to go.
pub(super) fn sentence(judged: &Judged<'_>, bad: &Compared) -> String {
    let certain = format!(
        "that is certainly beyond its limit, {} > {}",
        bad.metric,
        limit_in_words(bad).unwrap_or_default()
    );
    let (seen, all) = (grouped(bad.candidate.seen), grouped(bad.candidate.all));
    let part = percent(bad.candidate.part());
    let beside = bad.active.filter(|active| active.all > 0).map_or_else(String::new, |active| {
        let (seen, all, part) = (grouped(active.seen), grouped(active.all), percent(active.part()));
        format!(", {} {seen} of {all} ({part})", other(judged))
    });
    match &bad.metric {
        Metric::Faults | Metric::Timeouts => {
            let what = if bad.metric == Metric::Faults { "spoiled" } else { "took too long in" };
            let people = judged.candidate.failing.len();
            let mut causes: Vec<_> = judged.candidate.causes.iter().collect();
            causes.sort_by_key(|(_, faults)| std::cmp::Reverse(**faults));
            let causes: Vec<String> = causes
                .iter()
                .take(MOST_CAUSES)
                .map(|(cause, faults)| format!("{cause} {}", grouped(**faults)))
                .collect();
            let causes = causes.join(", ");
            format!(
                "it {what} {seen} of {all} calls ({part}) of at least {people} people \
                 ({causes}){beside}: {certain}"
            )
        }
        Metric::P99 => {
            let times = bad.times;
            let limit = times.map_or_else(String::new, |times| milliseconds(times.limit));
            format!(
                "{seen} of its {all} calls ({part}) took longer than {limit}{beside}: {certain}"
            )
        }
        Metric::RefusalsOf(code) => {
            format!("it refused {seen} of {all} calls ({part}) with {code}{beside}: {certain}")
        }
        Metric::Failed => format!(
            "{seen} of its {all} calls ({part}) came to nothing, as the host could not do its part \
             or not in time{beside}: {certain}"
        ),
        Metric::Refusals => format!("it refused too much: {certain}"),
    }
}

const MOST_CAUSES: usize = 9;

fn other(judged: &Judged<'_>) -> &'static str {
    match judged.evidence {
        Evidence::Trial(_) => "the active release",
        Evidence::Probation => "the release before it",
    }
}

/// What met too few people, and how many it met.
type Few<'f> = Option<&'f (Metric, usize)>;

fn is_of_faults(metric: &Metric) -> bool {
    matches!(metric, Metric::Faults | Metric::Timeouts)
}

/// What is missing until it counts as good; none: nothing is.
pub(super) fn not_enough(
    judged: &Judged<'_>,
    all: &[Compared],
    met_few: Few<'_>,
) -> Option<String> {
    let (calls, least) = (judged.candidate.calls, judged.least_calls.max(1));
    if let Some((metric, met)) = met_few.filter(|(metric, _)| !is_of_faults(metric)) {
        return Some(format!(
            "{metric} is beyond its limit, but met {met} people only: too few to tell that from \
             somebody who tries to bring it down"
        ));
    }
    if met_few.is_some() {
        return Some(format!(
            "it spoils calls, but of {} people on {} networks only: too few to tell that from \
             somebody who tries to bring it down",
            judged.candidate.failing.len(),
            judged.candidate.failing_networks.len()
        ));
    }
    if calls < least {
        let (calls, least) = (grouped(calls), grouped(least));
        return Some(format!("it has decided {calls} calls of at least {least}"));
    }
    let is_untimed = |one: &&Compared| {
        let has_times = |rate: super::compared::Rate| rate.all >= LEAST_TIMES;
        one.metric == Metric::P99
            && one.state == MetricState::Undecided
            && one.active.is_some_and(has_times)
            && !has_times(one.candidate)
    };
    if let Some(p99) = all.iter().find(is_untimed) {
        let timed = grouped(p99.candidate.all);
        return Some(format!("{timed} of its calls were timed, of at least {LEAST_TIMES}"));
    }
    // Without a time of the active release, calls that are slow are not told apart; that holds
    // nobody up.
    let open = all.iter().filter(|one| one.state == MetricState::Undecided);
    let mut open = open.filter(|one| one.metric != Metric::P99 || one.knows);
    let one = open.next()?;
    let Some(active) = one.active.filter(|_| !matches!(one.limit, Some(Limit::Share(_)))) else {
        return Some(format!(
            "{} are {} of its calls, which is beyond {}, but too few calls to be certain",
            one.metric,
            percent(one.candidate.part()),
            limit_in_words(one).unwrap_or_default(),
        ));
    };
    if active.all == 0 {
        return Some(format!("{} has decided no call to compare with", other(judged)));
    }
    Some(format!(
        "{}: {} of its calls, {} of those of {}, which is beyond {}, but too few calls to be \
         certain",
        match &one.metric {
            Metric::P99 => "slower than the limit".to_owned(),
            metric => metric.to_string(),
        },
        percent(one.candidate.part()),
        percent(active.part()),
        other(judged),
        limit_in_words(one).unwrap_or_default(),
    ))
}

/// `20 ms`, `1.5 ms`.
fn milliseconds(micros: u64) -> String {
    format!("{} ms", float(micros) / 1000.0)
}
