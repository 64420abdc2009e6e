//! What a shadow would have decided otherwise, as `diff` prints it: one line that says how much,
//! and below it what kept calls from being compared.

use super::tried;
use crate::administration::views::{DifferenceView, RolloutView};
use crate::command::output::{escaped, plain, seconds, table};
use crate::numbers::grouped;

/// So many kinds of difference stand on the line.
const ON_THE_LINE: usize = 6;

/// `18,204 same   37 differ: 31 accepted → captcha_required   12 not comparable   0 faults
/// p99 +0.3 ms`.
pub(super) fn line(view: &RolloutView) -> String {
    let mut parts = vec![
        format!("{} same", grouped(view.same)),
        differ(view),
        format!("{} not comparable", grouped(view.not_comparable)),
        format!("{} {}", grouped(view.faults), if view.faults == 1 { "fault" } else { "faults" }),
    ];
    parts.extend(slower(view).map(|slower| format!("p99 {slower}")));
    if view.skipped > 0 {
        parts.push(format!("{} skipped", grouped(view.skipped)));
    }
    parts.join("   ")
}

fn differ(view: &RolloutView) -> String {
    let all: Vec<&DifferenceView> = of(view, "differs").collect();
    let mut kinds: Vec<String> = all
        .iter()
        .take(ON_THE_LINE)
        .map(|kind| format!("{} {}", grouped(kind.count), plain(&kind.kind)))
        .collect();
    let others =
        all.iter().skip(ON_THE_LINE).fold(0_u64, |sum, kind| sum.saturating_add(kind.count));
    if others > 0 {
        kinds.push(format!("{} of other kinds", grouped(others)));
    }
    let number = format!("{} differ", grouped(view.differ));
    if kinds.is_empty() { number } else { format!("{number}: {}", kinds.join(", ")) }
}

fn of<'v>(view: &'v RolloutView, what: &'v str) -> impl Iterator<Item = &'v DifferenceView> {
    view.kinds.iter().filter(move |kind| kind.what == what)
}

/// How much longer its slowest calls take than those of the other; none: nobody knows yet.
fn slower(view: &RolloutView) -> Option<String> {
    let p99 = view.metrics.iter().find(|metric| metric.metric == "p99")?;
    let more = p99.candidate - p99.active.filter(|active| *active > 0.0 && p99.candidate > 0.0)?;
    // No minus before what is rounded to nothing.
    let more = if more.abs() < 0.05 { 0.0 } else { more };
    Some(format!("{more:+.1} ms"))
}

/// What the line does not say.
pub(super) fn below(view: &RolloutView, samples: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if view.same + view.differ + view.faults + view.not_comparable + view.skipped == 0 {
        lines.push(nothing(view));
    }
    for (what, name) in
        [("fault", "faults"), ("not_comparable", "not comparable"), ("skipped", "skipped")]
    {
        for kind in of(view, what) {
            let number = grouped(kind.count);
            lines.push(format!("{name}: {number} {}", explained(what, &kind.kind)));
        }
    }
    if samples {
        lines.extend(samples_of(view));
    }
    lines
}

fn nothing(view: &RolloutView) -> String {
    let (place, release) = (plain(&view.place), plain(&view.release));
    let Some(candidate) = &view.candidate else {
        return format!("nothing was compared: no call of {place} came while it ran");
    };
    let since = seconds(&candidate.since);
    let sampled = if candidate.percent < 100.0 { " that was in the sample" } else { "" };
    format!(
        "nothing was compared yet: since {since} no call of {place}{sampled} has been followed by \
         {release}. Let some come, and look again in a few seconds"
    )
}

/// Why calls could not be compared, for whoever reads it the first time.
fn explained(what: &str, kind: &str) -> String {
    let meaning = match (what, kind) {
        ("not_comparable", "reads_a_write") => "it reads what the other one had just written",
        ("not_comparable", "reads_too_late") => {
            "it reads what the other one did not read, and its turn came more than two seconds later"
        }
        ("not_comparable", "asks_outside") => {
            "it sends an outgoing request that the other one did not send"
        }
        ("not_comparable", "asks_verify") => {
            "it verifies a password that the other one did not, or with other limits"
        }
        ("not_comparable", "asks_throttle") => "it counts what the other one did not count",
        ("not_comparable", kind) if kind.starts_with("asks_") => {
            "it asks the host what the other one did not ask"
        }
        ("skipped", "queue_full" | "turn" | "instances") => {
            "more calls came than there is room for: take a --sample"
        }
        ("skipped", "memory" | "no_budget") => "it needs more than POLICY_SHADOW_MEMORY_MIB",
        ("skipped", "too_old" | "processor") => "there was no processor time left for it",
        ("skipped", "database" | "unavailable" | "failed") => "the host could not do its part",
        ("skipped", "not_carried_out") => "the host could not carry out the other one's decision",
        ("skipped", "no_decision") => "the other one came to no decision: mostly its caller left",
        ("skipped", "stopping" | "over") => "the process or the trial came to its end",
        _ => return plain(kind),
    };
    format!("{} ({meaning})", plain(kind))
}

/// Calls of each kind, to be looked up in the log.
fn samples_of(view: &RolloutView) -> Vec<String> {
    let mut rows = Vec::new();
    for kind in view.kinds.iter().filter(|kind| !kind.samples.is_empty()) {
        let name = match kind.what.as_str() {
            "differs" => kind.kind.clone(),
            what => format!("{}: {}", what.replace('_', " "), kind.kind),
        };
        rows.extend(kind.samples.iter().map(|sample| {
            let (at, replica) = (seconds(&sample.at), sample.replica.clone());
            vec![name.clone(), at, replica, sample.request_id.clone()]
        }));
    }
    if rows.is_empty() {
        return vec!["there are no samples: a call is kept of what is not the same".to_owned()];
    }
    let table = table(&["what", "when", "replica", "request"], &rows);
    let mut lines = vec![String::new()];
    lines.extend(table.lines().map(str::to_owned));
    lines.push("the log of that replica has each request by its id (request_id)".to_owned());
    lines
}

/// How it ended, if it did, and otherwise how it is.
pub(super) fn state(view: &RolloutView) -> Vec<String> {
    if let Some(candidate) = &view.candidate {
        return tried::lines(candidate);
    }
    let (release, base) = (plain(&view.release), plain(&view.base));
    let (began, by) = (seconds(&view.began_at), plain(&view.began_by));
    let ended = view.ended_at.as_deref().map(seconds).unwrap_or_default();
    let how = match view.ending.as_deref() {
        Some("promoted") => "promoted: it served all from then on",
        Some("aborted") => "aborted",
        Some("taken_out") => "TAKEN OUT: it was judged bad",
        Some("replaced") => "replaced by another trial",
        Some("overtaken") => "overtaken: another release began to serve",
        Some(other) => other,
        None => "not known",
    };
    vec![format!(
        "{release} was tried beside {base} from {began} (by {by}) until {ended}: {}",
        escaped(how)
    )]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tried::tests::candidate;
    use super::*;

    /// A trial as the admin API tells of it, with other members.
    fn view(other: Value) -> RolloutView {
        let time = "2026-11-26T22:00:00.123Z";
        let mut view = json!({
            "rollout": uuid::Uuid::nil(), "place": "login", "release": "login/43",
            "base": "login/42", "mode": "shadow", "began_at": time, "began_by": "ann",
            "message": "", "ended_at": null, "ending": null, "candidate": null, "same": 0,
            "differ": 0, "faults": 0, "not_comparable": 0, "skipped": 0, "kinds": [],
            "metrics": [], "calls": 0, "active_calls": 0,
        });
        let Value::Object(other) = other else { panic!("no members") };
        view.as_object_mut().unwrap().extend(other);
        serde_json::from_value(view).unwrap()
    }

    fn kind(what: &str, kind: &str, count: u64, samples: &Value) -> Value {
        json!({ "what": what, "kind": kind, "count": count, "samples": samples })
    }

    fn p99(candidate: f64, active: &Value) -> Value {
        json!({ "metric": "p99", "candidate": candidate, "active": active, "low": 0.0,
                "high": 0.1, "limit": "x1.5", "state": "good" })
    }

    /// The example of the issue.
    fn example() -> RolloutView {
        let sample = json!([{ "request_id": "r-1", "at": "2026-11-26T22:01:00.5Z",
                              "replica": "a1" }]);
        view(json!({
            "same": 18_204, "differ": 37, "not_comparable": 12,
            "kinds": [
                kind("differs", "accepted → captcha_required", 31, &sample),
                kind("not_comparable", "reads_a_write", 12, &sample),
                kind("differs", "accepted → closed_hours", 6, &json!([])),
            ],
            "metrics": [p99(1.5, &json!(1.2))],
        }))
    }

    #[test]
    fn what_a_shadow_would_have_decided_stands_on_one_line() {
        assert_eq!(
            line(&example()),
            "18,204 same   37 differ: 31 accepted → captcha_required, 6 accepted → closed_hours   \
             12 not comparable   0 faults   p99 +0.3 ms"
        );
        let empty = view(json!({}));
        assert_eq!(line(&empty), "0 same   0 differ   0 not comparable   0 faults");
        let bad = view(json!({
            "faults": 1, "skipped": 1_200, "metrics": [p99(1.2, &json!(3.0))],
            "kinds": [kind("fault", "panic", 1, &json!([]))],
        }));
        assert_eq!(
            line(&bad),
            "0 same   0 differ   0 not comparable   1 fault   p99 -1.8 ms   1,200 skipped"
        );
        for (candidate, active, told) in [
            (1.2, json!(1.2), Some("+0.0 ms")),
            (1.18, json!(1.2), Some("+0.0 ms")),
            (1.0, Value::Null, None),
        ] {
            let view = view(json!({ "metrics": [p99(candidate, &active)] }));
            assert_eq!(slower(&view).as_deref(), told);
        }
    }

    #[test]
    fn kinds_that_do_not_fit_the_line_are_added_up_and_name_nobodys_terminal() {
        let kinds: Vec<Value> = (1..=8)
            .map(|number| kind("differs", &format!("k{number}\u{1b}[2J"), 9 - number, &json!([])))
            .collect();
        let line = line(&view(json!({ "differ": 36, "kinds": kinds })));
        assert!(line.contains("36 differ: 8 k1\\u{1b}[2J, 7 k2"), "{line}");
        assert!(line.contains("3 k6\\u{1b}[2J, 3 of other kinds   0 not"), "{line}");
    }

    #[test]
    fn what_kept_calls_from_being_compared_is_explained_and_samples_are_listed_if_asked_for() {
        let told = below(&example(), false);
        assert_eq!(
            told,
            ["not comparable: 12 reads_a_write (it reads what the other one had just written)"]
        );
        let told = below(&example(), true);
        assert_eq!(
            told[1..],
            [
                "",
                "what                            when                   replica   request",
                "accepted → captcha_required     2026-11-26T22:01:00Z   a1        r-1",
                "not comparable: reads_a_write   2026-11-26T22:01:00Z   a1        r-1",
                "the log of that replica has each request by its id (request_id)",
            ]
        );
    }

    #[test]
    fn that_there_is_nothing_yet_is_told_with_what_to_do() {
        let shadow = candidate(json!({ "mode": "shadow", "percent": 10.0 }));
        let told = below(&view(json!({ "candidate": shadow })), false);
        assert_eq!(
            told,
            [
                "nothing was compared yet: since 2026-11-26T22:00:00Z no call of login that was in the \
             sample has been followed by login/43. Let some come, and look again in a few seconds"
            ]
        );
        let over = view(json!({ "ending": "aborted", "ended_at": "2026-11-26T22:09:00Z" }));
        assert_eq!(
            below(&over, false),
            ["nothing was compared: no call of login came while it ran"]
        );
        assert_eq!(
            state(&over),
            ["login/43 was tried beside login/42 from 2026-11-26T22:00:00Z (by ann) until \
             2026-11-26T22:09:00Z: aborted"]
        );
    }
}
