//! `auth-host policy diff`: what a release that is tried decides otherwise.

use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::asking::Asking;
use super::client::Client;
use super::problem::Problem;
use super::{groups, names, noted, shadowed, tried, wanted};
use crate::administration::views::{HistoryLineView, HistoryView, RolloutView};
use crate::command::output::{self, plain};
use crate::store::registry::RolloutMode;

/// Show what a release that is tried decides otherwise than the one that serves.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy diff login
  auth-host policy diff login --samples      with the ids of some requests, to look up in the log
  auth-host policy diff login --json

Of a shadow, it counts calls by what both releases decided about the same attempt:
  same             the same decision
  differ           such as 31 accepted → captcha_required: the release that serves let 31 in, the
                   one that is tried would have answered captcha_required. With the same decision,
                   what else differs: claims, session, fields, retry_after, status, attributes,
                   writes, events, message
  not comparable   it asked for what can only be known by doing it, such as whether a password is
                   right that the other one did not verify
  faults           it failed where the other one did not
  skipped          there was no time or memory left for it; real calls come first

Of a share, it shows both groups of people side by side, in the same time, with the limits and what
the judgement thinks of each.

What was tried last is kept for a week after its end.")]
pub struct Diff {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// One that is over, by its id (policy history --json) [default: the latest].
    #[arg(long, value_name = "ID")]
    rollout: Option<Uuid>,
    /// Show requests of each kind, too.
    #[arg(long)]
    samples: bool,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Diff {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.asking.client()?;
        let query: Vec<_> =
            self.rollout.map(|rollout| ("rollout", rollout.to_string())).into_iter().collect();
        let asked = client.read(&["places", &self.place, "rollout"], &query).await;
        let mut view: RolloutView = asked.map_err(|error| with_the_way(error, &self.place))?;
        if view.candidate.is_none() {
            recall(&client, &mut view).await?;
        }
        if self.asking.json {
            return output::json(&view);
        }
        output::line(readable(&view, self.samples))
    }
}

/// Somebody who looks before anything was tried is told how that begins.
fn with_the_way(error: anyhow::Error, place: &str) -> anyhow::Error {
    match error.downcast::<Problem>() {
        Ok(problem) if problem.code == "no_rollout" => {
            let way = format!(
                "{}: auth-host policy deploy {place}/NUMBER --shadow",
                problem.text.trim_end_matches('.')
            );
            Problem { text: way, ..problem }.into()
        }
        Ok(problem) => problem.into(),
        Err(error) => error,
    }
}

/// What replicas counted of a trial is gone with it; the history has noted how it was at its end.
async fn recall(client: &Client, view: &mut RolloutView) -> anyhow::Result<()> {
    let query = [("place", view.place.clone()), ("limit", "500".to_owned())];
    let page: HistoryView = client.read(&["history"], &query).await?;
    let id = view.rollout.to_string();
    let of_trial =
        |line: &&HistoryLineView| line.details.get("rollout").and_then(Value::as_str) == Some(&id);
    let last = page.lines.iter().filter(of_trial).find_map(|line| noted::figures(&line.details));
    if let Some(last) = last {
        view.metrics = last.metrics;
        (view.calls, view.active_calls) = (last.calls, last.active_calls);
    }
    Ok(())
}

fn readable(view: &RolloutView, samples: bool) -> String {
    let mut lines = Vec::new();
    match view.mode {
        RolloutMode::Shadow => {
            lines.push(shadowed::line(view));
            lines.extend(shadowed::state(view));
            lines.extend(shadowed::below(view, samples));
        }
        RolloutMode::Share => {
            lines.extend(shadowed::state(view));
            lines.push(groups::readable(view));
        }
    }
    let wanted = wanted::of(view);
    // Of a share that goes on, the table says it.
    if view.mode == RolloutMode::Shadow || view.ending.is_some() {
        lines.extend(wanted::sentences(&wanted));
    }
    lines.push(next(view, &wanted::budgets(&wanted)));
    lines.join("\n")
}

fn next(view: &RolloutView, budgets: &[String]) -> String {
    let place = plain(&view.place);
    match (&view.candidate, view.ending.as_deref()) {
        (Some(candidate), _) => tried::next(&place, candidate, false, budgets),
        (None, Some("taken_out" | "overtaken")) => {
            format!("next: auth-host policy history {place}   why, with the figures")
        }
        (None, _) => format!("next: auth-host policy status {place}   what serves now"),
    }
}
