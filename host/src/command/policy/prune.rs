//! `auth-host policy prune`: old releases and what only they need are deleted.

use std::time::Duration;

use clap::Args;
use reqwest::Method;

use super::asking::Asking;
use crate::administration::views::{PruneView, PrunedView};
use crate::command::output;
use crate::config::parse_duration;
use crate::numbers::grouped;

/// Delete old releases and the components that only they name. What serves, is kept ready or is
/// being deployed stays. (The service does the same by itself: `POLICY_RELEASES_KEPT`.)
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy prune -m \"the backup is large\"
  auth-host policy prune --keep 10 --older-than 720h -m \"the backup is large\"")]
pub struct Prune {
    /// So many of each place stay, the newest [default: as `POLICY_RELEASES_KEPT` of the service
    /// says].
    #[arg(long, value_name = "NUMBER")]
    keep: Option<u32>,
    /// Only what is older (720h).
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY", default_value = "", hide_default_value = true)]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Prune {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let asked = PruneView {
            keep: self.keep,
            older_than: self.older_than.map(|time| time.as_secs()),
            message: self.message,
        };
        let pruned: PrunedView =
            self.asking.client()?.change(Method::POST, &["prune"], &asked).await?;
        if self.asking.json {
            return output::json(&pruned);
        }
        output::line(format_args!(
            "{} releases and {} components ({} bytes) deleted",
            grouped(pruned.releases),
            grouped(pruned.components),
            grouped(pruned.bytes)
        ))
    }
}
