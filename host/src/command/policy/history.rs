//! `auth-host policy history`: who changed what, and why.

use clap::Args;
use serde_json::Value;

use super::asking::Asking;
use super::names;
use crate::administration::views::{HistoryLineView, HistoryView};
use crate::command::output::{self, seconds, table};

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

/// What the figures of a fall-back were, or who refused a deployment; the document has the rest.
fn details(line: &HistoryLineView) -> String {
    if line.action == "fell_back" {
        return Value::Object(line.details.clone()).to_string();
    }
    let reports = line.details.get("reports").and_then(Value::as_array).into_iter().flatten();
    let refused = reports.filter(|report| report["state"] == "refused").map(|report| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text(&report["name"]), text(&report["reasons"][0]))
    });
    refused.collect::<Vec<_>>().join("; ")
}
