//! What the history notes of a trial: how it was to go, and how both groups did when something
//! became of it.

use serde_json::{Map, Value};

use super::part;
use crate::administration::views::MetricView;
use crate::numbers::grouped;
use crate::policy::judgement::{MetricFigures, MetricState, Verdict};

/// The figures of a line. Another version may note others.
pub(super) struct Noted {
    verdict: Option<Verdict>,
    pub metrics: Vec<MetricView>,
    pub calls: u64,
    pub active_calls: u64,
}

/// None: the line has none.
pub(super) fn figures(details: &Map<String, Value>) -> Option<Noted> {
    let metrics = details.get("metrics")?.as_array()?;
    let number = |name: &str| details.get(name).and_then(Value::as_u64).unwrap_or_default();
    let verdict = details.get("judgement").cloned();
    Some(Noted {
        verdict: verdict.and_then(|verdict| serde_json::from_value(verdict).ok()),
        metrics: metrics.iter().filter_map(metric).collect(),
        calls: number("calls"),
        active_calls: number("active_calls"),
    })
}

fn metric(noted: &Value) -> Option<MetricView> {
    let figures: MetricFigures = serde_json::from_value(noted.clone()).ok()?;
    // Times are milliseconds, the rest parts of 1.
    let scale = if figures.metric == "p99" { 1.0 } else { 100.0 };
    Some(MetricView {
        candidate: figures.candidate * scale,
        active: figures.active.map(|active| active * scale),
        // Of times, they are about the part of calls that are too slow.
        low: figures.low * 100.0,
        high: figures.high * 100.0,
        metric: figures.metric,
        limit: figures.limit,
        state: figures.state,
    })
}

/// How a trial was to go.
pub(super) fn plan(details: &Map<String, Value>) -> Option<String> {
    let plan = details.get("plan")?;
    let share = |of: &Value| told(of.get("share"));
    let steps: Vec<String> =
        plan["steps"].as_array().into_iter().flatten().filter_map(share).collect();
    let whom = if plan["mode"] == "shadow" { "calls" } else { "people" };
    let parts = if steps.is_empty() { share(plan)? } else { steps.join(" → ") };
    Some(format!("{parts} of {whom}"))
}

/// How it did.
pub(super) fn judged(details: &Map<String, Value>) -> String {
    let Some(noted) = figures(details) else { return String::new() };
    let mut parts = Vec::new();
    parts.extend(told(details.get("share")).map(|share| format!("at {share}")));
    parts.extend(noted.verdict.as_ref().map(|verdict| {
        match verdict {
            Verdict::Good => "good",
            Verdict::NotEnough { .. } => "not enough data",
            Verdict::Bad(_) => "bad",
        }
        .to_owned()
    }));
    parts.push(format!("{} calls beside {}", grouped(noted.calls), grouped(noted.active_calls)));
    let bad = noted.metrics.iter().filter(|metric| metric.state == MetricState::Bad);
    parts.extend(bad.map(|metric| {
        let active = metric.active.map(|active| format!(" beside {}", value(metric, active)));
        format!(
            "{} {}{}",
            metric.metric,
            value(metric, metric.candidate),
            active.unwrap_or_default()
        )
    }));
    parts.join(", ")
}

/// A value of a metric, with its unit.
pub(super) fn value(metric: &MetricView, value: f64) -> String {
    if metric.metric == "p99" { format!("{value:.1} ms") } else { format!("{value:.2} %") }
}

/// Hundredths of a percent.
fn told(share: Option<&Value>) -> Option<String> {
    let share = u32::try_from(share?.as_u64()?).ok()?;
    Some(part::told(f64::from(share) / 100.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_plan_is_told_by_its_parts() {
        let told = |plan: Value| plan_of(&plan);
        assert_eq!(told(json!({ "mode": "shadow", "share": 1_000, "steps": [] })), "10 % of calls");
        let steps = json!([{ "share": 25, "hold_milliseconds": 600_000 }, { "share": 10_000 }]);
        assert_eq!(
            told(json!({ "mode": "share", "share": 25, "steps": steps })),
            "0.25 % → 100 % of people"
        );
        assert_eq!(plan(&object(&json!({ "reports": [] }))), None);
    }

    fn plan_of(value: &Value) -> String {
        plan(&object(&json!({ "plan": value }))).unwrap()
    }

    #[test]
    fn what_was_bad_is_told_with_the_figures_of_both_groups() {
        let metric = |name: &str, candidate: f64, active: Value, state: &str| {
            json!({ "metric": name, "candidate": candidate, "active": active, "low": 0.01,
                    "high": 0.05, "limit": "+0.1%", "state": state })
        };
        let details = json!({
            "judgement": { "verdict": "bad", "metric": "faults", "sentence": "it spoils calls",
                           "cause": "panic" },
            "metrics": [metric("faults", 0.0231, json!(0.0), "bad"),
                        metric("timeouts", 0.0, json!(0.0), "good"),
                        metric("p99", 30.0, Value::Null, "bad"), { "unknown": 1 }],
            "calls": 1_204, "active_calls": 22_987, "replicas": 2, "share": 500,
        });
        assert_eq!(
            judged(&object(&details)),
            "at 5 %, bad, 1,204 calls beside 22,987, faults 2.31 % beside 0.00 %, p99 30.0 ms"
        );
        let noted = figures(&object(&details)).unwrap();
        assert_eq!((noted.metrics.len(), noted.calls), (3, 1_204));
        assert!((noted.metrics[0].low - 1.0).abs() < 1e-9);
        assert_eq!(judged(&object(&json!({ "rollout": "x" }))), "");
    }
}
