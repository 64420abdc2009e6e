//! Refusals that a release may be for: a share is judged by the part of calls that it refuses, so
//! whoever wants more of a code has to say so.

use std::str::FromStr as _;

use super::noted;
use crate::administration::views::{MetricView, RolloutView};
use crate::command::output::plain;
use crate::policy::judgement::{Budget, MetricState};
use crate::store::registry::RolloutMode;

/// So many points of percent more are worth a word.
const MORE: f64 = 0.5;

/// A code that is refused with more than before, and the budget that allows it.
pub(super) struct Wanted {
    sentence: String,
    budget: String,
}

/// Of a shadow: what a share of it would be judged by. Of a share that was taken out: why it was.
pub(super) fn of(view: &RolloutView) -> Vec<Wanted> {
    let is_shadow = view.mode == RolloutMode::Shadow;
    let more = |metric: &&MetricView| {
        let more = metric.candidate - metric.active.unwrap_or(0.0);
        if is_shadow { more > MORE } else { metric.state == MetricState::Bad }
    };
    view.metrics.iter().filter(more).filter_map(|metric| wanted(view, metric)).collect()
}

fn wanted(view: &RolloutView, metric: &MetricView) -> Option<Wanted> {
    let code = metric.metric.strip_prefix("refusals.")?;
    // A small share of all people may well have twice as many of those who are refused.
    let limit = (metric.candidate * 2.0).ceil() + 1.0;
    let budget = format!("{} > {limit:.0}%", metric.metric);
    let covered = view.candidate.as_ref().is_some_and(|candidate| {
        candidate.abort_if.iter().any(|own| own.starts_with(&format!("{} ", metric.metric)))
    });
    // Whatever it says is to be typed into a shell.
    if covered || limit > 100.0 || Budget::from_str(&budget).is_err() {
        return None;
    }
    let (release, base) = (plain(&view.release), plain(&view.base));
    let beside = noted::value(metric, metric.active.unwrap_or(0.0));
    let sentence = format!(
        "{release} refuses {} with {}, {base} {beside}: a share is judged by that. If it is what \
         {release} is for, allow it: --abort-if '{budget}'",
        noted::value(metric, metric.candidate),
        plain(code),
    );
    Some(Wanted { sentence, budget })
}

/// What to say of them.
pub(super) fn sentences(wanted: &[Wanted]) -> impl Iterator<Item = String> {
    wanted.iter().map(|wanted| wanted.sentence.clone())
}

/// For a command that tries the release again.
pub(super) fn budgets(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.budget.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tried::tests::candidate;
    use super::*;

    fn view(mode: &str, abort_if: &[&str], metrics: &Value) -> RolloutView {
        let view = json!({
            "rollout": uuid::Uuid::nil(), "place": "login", "release": "login/43",
            "base": "login/42", "mode": mode, "began_at": "", "began_by": "ann", "message": "",
            "ended_at": null, "ending": null, "same": 0, "differ": 0, "faults": 0,
            "candidate": candidate(json!({ "abort_if": abort_if })), "not_comparable": 0,
            "skipped": 0, "kinds": [], "metrics": metrics, "calls": 0, "active_calls": 0,
        });
        serde_json::from_value(view).unwrap()
    }

    fn metric(name: &str, candidate: f64, active: f64, state: &str) -> Value {
        json!({ "metric": name, "candidate": candidate, "active": active, "low": 0.0, "high": 0.0,
                "limit": null, "state": state })
    }

    #[test]
    fn more_refusals_of_a_code_are_allowed_by_a_budget_that_can_be_typed() {
        let metrics = json!([
            metric("refusals.closed_hours", 10.0, 0.0, "told"),
            metric("refusals.blocked", 3.2, 3.0, "told"),
            metric("refusals.a'b", 30.0, 0.0, "told"),
            metric("refusals.most", 60.0, 0.0, "told"),
            metric("faults", 10.0, 0.0, "bad"),
        ]);
        let wanted = of(&view("shadow", &[], &metrics));
        assert_eq!(budgets(&wanted), ["refusals.closed_hours > 21%"]);
        assert_eq!(
            sentences(&wanted).collect::<Vec<_>>(),
            ["login/43 refuses 10.00 % with closed_hours, login/42 0.00 %: a share is judged by \
             that. If it is what login/43 is for, allow it: --abort-if 'refusals.closed_hours > \
             21%'"]
        );
        let covered = of(&view("shadow", &["refusals.closed_hours > 15%"], &metrics));
        assert!(covered.is_empty());
        assert!(of(&view("share", &[], &metrics)).is_empty());
        let bad = json!([metric("refusals.closed_hours", 10.0, 0.0, "bad")]);
        assert_eq!(of(&view("share", &[], &bad)).len(), 1);
    }
}
