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
use crate::command::output::{self, plain};
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
the time it is made, nothing is changed. Where a release was taken back in the last ten minutes
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
        for pinned in &settled.pinned {
            telemetry::say(&format!("note: {pinned}"));
        }
        if settled.missing.is_empty() {
            return Ok(());
        }
        let text = format!(
            "not on all replicas yet: {}. They go on trying; look with: auth-host policy status",
            settled.missing.join("; ")
        );
        Err(Problem::new(UNKNOWN, "behind", text).told().into())
    }
}

/// The release that serves, unless it does since somebody took another one back: two people see the
/// same fault at the same time, and a release falls back by itself while they look.
async fn to_be_rid_of(client: &Client, place: &str) -> anyhow::Result<Option<i64>> {
    let status: StatusView = client.read(&["status"], &[]).await?;
    let Some(at) = status.places.iter().find(|at| at.place == place) else {
        // The host says it best.
        return Ok(None);
    };
    let since = read_moment(&status.time).zip(read_moment(&at.activated_at));
    if since.is_some_and(|(now, since)| now - since < LATELY) {
        let query = [("place", place.to_owned()), ("limit", "50".to_owned())];
        let page: HistoryView = client.read(&["history"], &query).await?;
        let moves = ["activated", "rolled_back", "fell_back"];
        let last = page.lines.iter().find(|line| moves.contains(&line.action.as_str()));
        if let Some(back) = last.filter(|line| line.action != "activated") {
            return Err(meant(at, back).into());
        }
    }
    let named: Option<names::ReleaseName> = at.active.parse().ok();
    let named = named.ok_or_else(|| anyhow::anyhow!("{} is no release", plain(&at.active)))?;
    Ok(Some(named.number))
}

/// Asks whether one more step is meant.
fn meant(at: &PlaceView, back: &HistoryLineView) -> Problem {
    let gone = back.from.as_deref().unwrap_or("a release");
    let how = if back.action == "fell_back" {
        format!("{gone} fell back by itself")
    } else {
        format!("{} rolled {gone} back", back.who)
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
