//! `auth-host policy rollback`: back to a release that served before, with its settings.

use clap::Args;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::asking::Asking;
use super::client::Client;
use super::problem::{Problem, REFUSED, UNKNOWN};
use super::{names, settled};
use crate::administration::read_moment;
use crate::administration::views::{
    HistoryLineView, HistoryView, MovedView, PlaceView, RollbackView, StatusView,
};
use crate::clock::Timestamp;
use crate::command::output::{self, plain};
use crate::store::registry::RolloutMode;
use crate::telemetry;

/// So many milliseconds after a rollback, another step back has to be meant.
const LATELY: i64 = 600_000;

/// Go back to a release that served before: component and settings return together, on all
/// replicas, within a second. It works also while the place is frozen.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy rollback login -m \"support calls\"
  auth-host policy rollback login --to 38 -m \"the last one without step-up\"
  auth-host policy rollback login --from 41 -m \"41 fails, too\"

One step goes back from the release that serves when the command begins; if another one serves by
the time it is made, nothing is changed. While a release decides for a share of all people, one step
takes that one out, and the one that serves the others serves all again.

Where a release was taken back in the last ten minutes
already, by somebody else or by itself, another step back needs --from or --to.

It waits until all replicas serve it. 0: they do; 1: it was refused, and nothing was changed; 3: the
place was changed, and some replica does not serve it yet (auth-host policy status).")]
pub struct Rollback {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// The number of the release [default: the one that served before].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// The number of the release to be rid of: if another one serves, nothing is changed.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    from: Option<i64>,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY")]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Rollback {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.asking.client()?;
        let begin = Instant::now();
        let from = match (self.from, self.to) {
            (None, None) => to_be_rid_of(&client, &self.place).await?,
            // Who names where to has no step to make twice.
            (from, _) => from,
        };
        let asked = RollbackView { to: self.to, from, message: self.message };
        let path = ["places", &self.place, "rollback"];
        let moved: MovedView = client.change(Method::POST, &path, &asked).await?;
        let settled =
            settled::wait(&client, &self.place, moved.revision).await.map_err(|error| {
                let text =
                    format!("{} serves; whether on all replicas, is not known: {error}", moved.to);
                Problem::new(UNKNOWN, "not_seen", text)
            })?;
        let took = begin.elapsed();
        if self.asking.json {
            output::json(&json!({
                "place": moved.place,
                "from": moved.from,
                "to": moved.to,
                "revision": moved.revision,
                "replicas": settled.replicas,
                "missing": settled.missing,
                "pinned": settled.pinned,
                "untrusted": moved.untrusted,
                "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }))?;
        } else {
            output::line(format_args!(
                "{} → {} with its settings   {}   {:.1} s",
                plain(moved.from.as_deref().unwrap_or("nothing")),
                plain(&moved.to),
                settled::readable(&settled),
                took.as_secs_f64()
            ))?;
        }
        for reason in &moved.untrusted {
            telemetry::say(&format!(
                "note: what serves now would not be deployed anew: {}",
                output::escaped(reason)
            ));
        }
        for pinned in &settled.pinned {
            telemetry::say(&format!("note: {pinned}"));
        }
        settled::verdict(&settled)
    }
}

/// What a step back is to be rid of: the release that decides for a share, or else the one that
/// serves. Neither, if somebody took another one back just now: two people see the same fault at
/// the same time, and a release falls back or is taken out by itself while they look.
async fn to_be_rid_of(client: &Client, place: &str) -> anyhow::Result<Option<i64>> {
    let status: StatusView = client.read(&["status"], &[]).await?;
    let Some(at) = status.places.iter().find(|at| at.place == place) else {
        // The host says it best.
        return Ok(None);
    };
    let share = at.candidate.as_ref().filter(|tried| tried.mode == RolloutMode::Share);
    if share.is_none() {
        let query = [("place", place.to_owned()), ("limit", "50".to_owned())];
        let page: HistoryView = client.read(&["history"], &query).await?;
        let now = read_moment(&status.time).unwrap_or_default();
        if let Some(back) = taken_back(&page.lines, now) {
            return Err(meant(at, back).into());
        }
    }
    let release = share.map_or(&at.active, |tried| &tried.release);
    let named: Option<names::ReleaseName> = release.parse().ok();
    let named = named.ok_or_else(|| anyhow::anyhow!("{} is no release", plain(release)))?;
    Ok(Some(named.number))
}

/// The step back that somebody made lately, if nothing else changed whom a release decides about
/// since then. A shadow decides about nobody.
fn taken_back(lines: &[HistoryLineView], now: Timestamp) -> Option<&HistoryLineView> {
    let mut ended = None;
    for line in lines {
        match line.action.as_str() {
            "activated" | "promoted" => return ended,
            "rolled_back" | "fell_back" => return Some(ended.unwrap_or(line)).filter(lately(now)),
            "aborted" | "taken_out" if ended.is_none() => ended = Some(line),
            "share_began" => return ended.filter(lately(now)),
            "shadow_began" => ended = None,
            _ => {}
        }
    }
    None
}

fn lately(now: Timestamp) -> impl Fn(&&HistoryLineView) -> bool {
    move |line| read_moment(&line.at).is_some_and(|at| now - at < LATELY)
}

/// Asks whether one more step is meant.
fn meant(at: &PlaceView, back: &HistoryLineView) -> Problem {
    let gone = match back.action.as_str() {
        // Of a trial, a line may name both.
        "aborted" | "taken_out" => back.from.as_deref().or(back.to.as_deref()),
        _ => back.from.as_deref(),
    };
    let gone = gone.unwrap_or("a release");
    let how = match back.action.as_str() {
        "fell_back" => format!("{gone} fell back by itself"),
        "taken_out" => format!("{gone} was taken out by itself"),
        "aborted" => format!("{} took {gone} out", back.who),
        _ => format!("{} rolled {gone} back", back.who),
    };
    let number = at.active.rsplit('/').next().unwrap_or_default();
    let text = format!(
        "{how} at {}, and {} serves since then. Nothing was changed now. If {} fails, too, say so: \
         --from {number}, or --to with the number of the release to go to",
        output::seconds(&back.at),
        at.active,
        at.active,
    );
    Problem::new(REFUSED, "rolled_back_already", text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_back_that_was_just_made_is_not_made_again() {
        let taken = |actions: &[(&str, &str)]| {
            let lines: Vec<HistoryLineView> = actions
                .iter()
                .map(|(action, minute)| {
                    let line = json!({
                        "sequence": 1, "place": "login", "at": format!("2026-11-26T22:{minute}:00Z"),
                        "who": "ann", "action": action, "from": null, "to": null, "message": "",
                        "details": {},
                    });
                    serde_json::from_value(line).unwrap()
                })
                .collect();
            let now = read_moment("2026-11-26T22:30:00Z").unwrap();
            taken_back(&lines, now).map(|line| line.action.clone())
        };
        for (actions, back) in [
            (&[("rolled_back", "25"), ("activated", "01")][..], Some("rolled_back")),
            (&[("rolled_back", "15")], None),
            (&[("activated", "26"), ("rolled_back", "25")], None),
            (&[("pushed", "27"), ("fell_back", "25")], Some("fell_back")),
            (&[("taken_out", "25"), ("share_began", "20")], Some("taken_out")),
            (&[("taken_out", "25"), ("advanced", "22"), ("share_began", "20")], Some("taken_out")),
            (&[("aborted", "15"), ("share_began", "11")], None),
            (&[("aborted", "25"), ("shadow_began", "20"), ("activated", "01")], None),
            (&[("share_began", "26"), ("aborted", "25"), ("share_began", "20")], None),
            (&[("promoted", "26"), ("aborted", "25"), ("share_began", "20")], None),
            (&[], None),
        ] {
            assert_eq!(taken(actions).as_deref(), back, "{actions:?}");
        }
    }
}
