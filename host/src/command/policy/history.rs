//! `auth-host policy history`: who changed what, and why.

use clap::Args;
use serde_json::{Map, Value};

use super::asking::Asking;
use super::{names, noted};
use crate::administration::views::{HistoryLineView, HistoryView};
use crate::command::output::{self, seconds, table};
use crate::numbers::grouped;

/// Show who changed what, when and why, newest first.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy history login
  auth-host policy history --limit 100 --json")]
pub struct History {
    /// Only this place.
    #[arg(value_parser = names::place)]
    place: Option<String>,
    /// At most so many lines.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Only what came before the line of this number (the last one of a page).
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl History {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut query = vec![("limit", self.limit.to_string())];
        query.extend(self.place.map(|place| ("place", place)));
        query.extend(self.before.map(|before| ("before", before.to_string())));
        let page: HistoryView = self.asking.client()?.read(&["history"], &query).await?;
        if self.asking.json {
            return output::json(&page);
        }
        if page.lines.is_empty() {
            return output::line("nothing was changed yet");
        }
        let rows: Vec<_> = page.lines.iter().map(row).collect();
        output::line(table(&["no", "when", "who", "what", "release", "why", ""], &rows))?;
        if let Some(next) = page.next {
            output::line(format_args!("older ones: --before {next}"))?;
        }
        Ok(())
    }
}

fn row(line: &HistoryLineView) -> Vec<String> {
    let release = match (&line.from, &line.to) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(one)) | (Some(one), None) => one.clone(),
        (None, None) => line.place.clone(),
    };
    vec![
        line.sequence.to_string(),
        seconds(&line.at),
        line.who.clone(),
        line.action.replace('_', " "),
        release,
        line.message.clone(),
        details(line),
    ]
}

/// What more there is to say; the document has it all.
fn details(line: &HistoryLineView) -> String {
    let details = &line.details;
    let reports = details.get("reports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match line.action.as_str() {
        "activated" => list(reports.iter().map(state), ", "),
        "deploy_refused" => {
            list(reports.iter().filter(|report| report["state"] == "refused").map(state), "; ")
        }
        "deploy_expired" if reports.is_empty() => "no replica reported".to_owned(),
        "deploy_expired" => {
            format!("only these reported: {}", list(reports.iter().map(state), ", "))
        }
        "fell_back" => figures(details),
        "shadow_began" | "share_began" => {
            let ready = Some(list(reports.iter().map(state), ", "));
            list(noted::plan(details).into_iter().chain(ready), "; ")
        }
        "paused" | "resumed" | "advanced" | "promoted" | "aborted" | "taken_out" => {
            noted::judged(details)
        }
        "granted" => granted(details),
        "signed" => signed(details),
        _ => String::new(),
    }
}

/// What is granted since then, and what no more.
fn granted(details: &Map<String, Value>) -> String {
    let signs = [('+', "added"), ('-', "removed")];
    let items = signs.into_iter().flat_map(|(sign, name)| {
        texts(details, name).into_iter().map(move |item| format!("{sign} {item}"))
    });
    list(items, ", ")
}

/// Which component, by which keys.
fn signed(details: &Map<String, Value>) -> String {
    let component = details.get("component").and_then(Value::as_str).unwrap_or_default();
    let keys = list(texts(details, "keys").into_iter(), ", ");
    format!("component {}, by {keys}", names::short(component))
}

fn texts(details: &Map<String, Value>, name: &str) -> Vec<String> {
    let texts = details.get(name).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(ToOwned::to_owned)).collect()
}

/// `a1 ready`, or why not.
fn state(report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, state) = (text(&report["name"]), text(&report["state"]));
    let reasons = report["reasons"].as_array().map_or(&[][..], Vec::as_slice);
    if reasons.is_empty() {
        format!("{name} {state}")
    } else {
        format!("{name} {state}: {}", list(reasons.iter().map(text), "; "))
    }
}

/// What was counted before it fell back; the sentence that judges it is the line's reason.
fn figures(details: &Map<String, Value>) -> String {
    let number = |name: &str| details.get(name).and_then(Value::as_u64).unwrap_or_default();
    let causes = details.get("causes").and_then(Value::as_object).into_iter().flatten();
    let causes = causes.map(|(cause, faults)| format!("{cause} {faults}"));
    let causes = match list(causes, ", ") {
        none if none.is_empty() => none,
        some => format!(" ({some})"),
    };
    format!(
        "{} faults{causes} and {} refusals of {} calls, {} people, replicas: {}",
        grouped(number("faults")),
        grouped(number("refusals")),
        grouped(number("calls")),
        grouped(number("people")),
        grouped(number("replicas"))
    )
}

fn list(texts: impl Iterator<Item = String>, between: &str) -> String {
    texts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_line_knows_more_is_a_short_sentence() {
        let told = |action: &str, details: Value| {
            let line = json!({
                "sequence": 7, "at": "2026-11-26T23:39:53.123Z", "place": "login", "who": "ann",
                "action": action, "from": "login/1", "to": "login/2", "message": "stricter",
                "details": details,
            });
            row(&serde_json::from_value(line).unwrap())
        };
        let ready = |name: &str| json!({ "name": name, "state": "ready", "reasons": [] });
        let line = told("activated", json!({ "reports": [ready("a1"), ready("a2")] }));
        assert_eq!(line[1], "2026-11-26T23:39:53Z");
        assert_eq!(line[6], "a1 ready, a2 ready");
        let no = json!({ "name": "a2", "state": "refused", "reasons": ["no memory", "no clock"] });
        let line = told("deploy_refused", json!({ "reports": [ready("a1"), no] }));
        assert_eq!(line[6], "a2 refused: no memory; no clock");
        let line = told("deploy_expired", json!({ "reports": [ready("a1")] }));
        assert_eq!(line[6], "only these reported: a1 ready");
        let figures = json!({ "calls": 1200, "faults": 7, "refusals": 3, "people": 5,
                              "replicas": 2, "causes": { "panic": 6, "trap": 1 } });
        assert_eq!(
            told("fell_back", figures)[6],
            "7 faults (panic 6, trap 1) and 3 refusals of 1,200 calls, 5 people, replicas: 2"
        );
        let plan = json!({ "mode": "share", "share": 500, "steps": [] });
        let line = told("share_began", json!({ "plan": plan, "reports": [ready("a1")] }));
        assert_eq!((&*line[3], &*line[6]), ("share began", "5 % of people; a1 ready"));
        let figures = json!({ "judgement": { "verdict": "good" }, "metrics": [], "share": 500,
                              "calls": 1_200, "active_calls": 30_000 });
        let line = told("taken_out", figures);
        assert_eq!(
            (&*line[3], &*line[6]),
            ("taken out", "at 5 %, good, 1,200 calls beside 30,000")
        );
        let grants = json!({ "added": ["interface:storage"], "removed": ["event:a", "event:b"],
                             "all": ["interface:storage"] });
        let line = told("granted", grants);
        assert_eq!(
            (&*line[3], &*line[6]),
            ("granted", "+ interface:storage, - event:a, - event:b")
        );
        let keys = json!({ "component": "0123456789abcdef", "keys": ["SHA256:ann"] });
        assert_eq!(told("signed", keys)[6], "component 0123456789ab…, by SHA256:ann");
        assert_eq!(told("froze", json!({ "unknown": 1 }))[6], "");
    }
}
