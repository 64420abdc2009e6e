//! `auth-host policy rollback`: back to a release that served before, with its settings.

use clap::Args;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::asking::Asking;
use super::problem::{Problem, UNKNOWN};
use super::{names, settled};
use crate::administration::views::{MovedView, RollbackView};
use crate::command::output::{self, plain};
use crate::telemetry;

/// Go back to a release that served before: component and settings return together, on all
/// replicas, within a second. It works also while the place is frozen.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy rollback login -m \"support calls\"
  auth-host policy rollback login --to 38 -m \"the last one without step-up\"

It waits until all replicas serve it. 0: they do; 1: it was refused, and nothing was changed; 3: the
place was changed, and some replica does not serve it yet (auth-host policy status).")]
pub struct Rollback {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// The number of the release [default: the one that served before].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
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
        let asked = RollbackView { to: self.to, message: self.message };
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
