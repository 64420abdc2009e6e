//! Two groups of people side by side: those that a share takes, and the others.

use super::noted;
use crate::administration::views::{MetricView, RolloutView};
use crate::command::output::{plain, seconds, table};
use crate::numbers::grouped;
use crate::policy::judgement::MetricState;

/// A table, or why there is none.
pub(super) fn readable(view: &RolloutView) -> String {
    let (release, base) = (plain(&view.release), plain(&view.base));
    if view.calls + view.active_calls == 0 {
        return match &view.candidate {
            Some(candidate) => format!(
                "nobody was decided about yet, by {release} or {base}, since {}. Let some calls of \
                 {} come, and look again in a few seconds",
                seconds(&candidate.since),
                plain(&view.place)
            ),
            None => "the history has no figures of its end".to_owned(),
        };
    }
    let mut rows = vec![vec![
        "calls".to_owned(),
        grouped(view.calls),
        grouped(view.active_calls),
        "-".to_owned(),
        "-".to_owned(),
        String::new(),
    ]];
    rows.extend(view.metrics.iter().map(row));
    table(&["", &release, &base, "difference", "limit", "judgement"], &rows)
}

fn row(metric: &MetricView) -> Vec<String> {
    let value = |value: f64| noted::value(metric, value);
    vec![
        metric.metric.clone(),
        if is_known(metric) { value(metric.candidate) } else { "-".to_owned() },
        metric.active.map_or_else(|| "-".to_owned(), value),
        // Of times, how many more calls are beyond the limit.
        format!(
            "{:+.2} to {:+.2} %{}",
            metric.low,
            metric.high,
            if metric.metric == "p99" { " slow" } else { "" }
        ),
        metric.limit.clone().unwrap_or_else(|| "-".to_owned()),
        match metric.state {
            MetricState::Good => "good",
            MetricState::Undecided => "not sure yet",
            MetricState::Bad => "BAD",
            MetricState::Told => "not judged",
        }
        .to_owned(),
    ]
}

/// A replica's first calls are not timed, so that there may be none.
fn is_known(metric: &MetricView) -> bool {
    metric.metric != "p99" || metric.candidate > 0.0
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn both_groups_stand_side_by_side_with_limit_and_judgement() {
        let metric = |name: &str, candidate: f64, active: Value, limit: Value, state: &str| {
            json!({ "metric": name, "candidate": candidate, "active": active, "low": -0.104,
                    "high": 2.5, "limit": limit, "state": state })
        };
        let view = json!({
            "rollout": uuid::Uuid::nil(), "place": "login", "release": "login/43",
            "base": "login/42", "mode": "share", "began_at": "", "began_by": "ann", "message": "",
            "ended_at": null, "ending": null, "candidate": null, "same": 0, "differ": 0,
            "faults": 0, "not_comparable": 0, "skipped": 0, "kinds": [], "calls": 1_204,
            "active_calls": 22_987,
            "metrics": [
                metric("faults", 0.0, json!(0.0), json!("+0.1%"), "undecided"),
                metric("refusals.closed_hours", 12.345, json!(0.5), json!("+2%"), "bad"),
                metric("refusals.blocked", 1.0, Value::Null, Value::Null, "told"),
                metric("p99", 12.04, json!(11.0), json!("x1.5"), "good"),
                metric("p99", 0.0, Value::Null, json!("x1.5"), "undecided"),
            ],
        });
        let text = readable(&serde_json::from_value(view).unwrap());
        let expected = [
            "                        login/43   login/42   difference              limit   judgement",
            "calls                      1,204     22,987   -                       -",
            "faults                    0.00 %     0.00 %   -0.10 to +2.50 %        +0.1%   not sure yet",
            "refusals.closed_hours    12.35 %     0.50 %   -0.10 to +2.50 %        +2%     BAD",
            "refusals.blocked          1.00 %          -   -0.10 to +2.50 %        -       not judged",
            "p99                      12.0 ms    11.0 ms   -0.10 to +2.50 % slow   x1.5    good",
            "p99                            -          -   -0.10 to +2.50 % slow   x1.5    not sure yet",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
