//! Two groups of people side by side: those that a share takes, and the others.

use crate::administration::views::{MetricView, RolloutView};
use crate::command::output::{count, plain, table};
use crate::policy::judgement::MetricState;

/// A table, or why there is none.
pub(super) fn readable(view: &RolloutView) -> String {
    let (release, base) = (plain(&view.release), plain(&view.base));
    let mut rows = vec![vec![
        "calls".to_owned(),
        count(view.calls),
        count(view.active_calls),
        "-".to_owned(),
        "-".to_owned(),
        String::new(),
    ]];
    rows.extend(view.metrics.iter().map(row));
    table(&["", &release, &base, "difference", "limit", "judgement"], &rows)
}

fn row(metric: &MetricView) -> Vec<String> {
    let is_time = metric.metric == "p99";
    let value = |value: f64| {
        if is_time { format!("{value:.1} ms") } else { format!("{value:.2} %") }
    };
    vec![
        metric.metric.clone(),
        value(metric.candidate),
        metric.active.map_or_else(|| "-".to_owned(), value),
        format!("{:+.2} to {:+.2}", metric.low, metric.high),
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
