//! Waiting until every replica that is alive serves what a place says.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::client::Client;
use super::problem::{Problem, UNKNOWN};
use crate::administration::views::{ReplicaView, ServingState, StatusView};
use crate::command::output::plain;

/// A replica follows within a second; one that is behind then has its reason.
const PATIENCE: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(100);

/// How far the replicas are.
pub(super) struct Settled {
    /// So many serve it.
    pub replicas: usize,
    /// Those that do not, each with why as far as that is known.
    pub missing: Vec<String>,
    /// Those that serve what they were pinned to.
    pub pinned: Vec<String>,
}

/// Waits until the place's revision, or a later one, is served by all, but not for ever.
pub(super) async fn wait(client: &Client, place: &str, revision: i64) -> anyhow::Result<Settled> {
    let end = Instant::now() + PATIENCE;
    loop {
        let status: StatusView = client.read(&["status"], &[]).await?;
        let settled = of(&status, place, revision);
        if settled.missing.is_empty() || Instant::now() > end {
            return Ok(settled);
        }
        sleep(BETWEEN).await;
    }
}

fn of(status: &StatusView, place: &str, revision: i64) -> Settled {
    let mut settled = Settled { replicas: 0, missing: Vec::new(), pinned: Vec::new() };
    for replica in status.replicas.iter().filter(|replica| replica.live) {
        let name = plain(&replica.name);
        match state(replica, place, revision) {
            Replica::Serves => settled.replicas += 1,
            Replica::Pinned(to) => settled.pinned.push(format!("{name} is pinned to {to}")),
            Replica::Missing(why) => settled.missing.push(format!("{name}{why}")),
        }
    }
    settled
}

enum Replica {
    Serves,
    Pinned(String),
    Missing(String),
}

fn state(replica: &ReplicaView, place: &str, revision: i64) -> Replica {
    let Some(serving) = replica.serving.iter().find(|serving| serving.place == place) else {
        return Replica::Missing(String::new());
    };
    match serving.state {
        ServingState::Pinned => {
            Replica::Pinned(plain(serving.release.as_deref().unwrap_or("nothing")))
        }
        ServingState::Current if serving.revision >= revision => Replica::Serves,
        _ => {
            let why = serving.behind.as_deref().map(|why| format!(": {}", plain(why)));
            Replica::Missing(why.unwrap_or_default())
        }
    }
}

/// `3 replicas`, or how many of how many.
pub(super) fn readable(settled: &Settled) -> String {
    let all = settled.replicas + settled.missing.len();
    let word = if all == 1 { "replica" } else { "replicas" };
    if settled.missing.is_empty() {
        format!("{all} {word}")
    } else {
        format!("{} of {all} {word}", settled.replicas)
    }
}

/// What a script is told once everything else was.
pub(super) fn verdict(settled: &Settled) -> anyhow::Result<()> {
    if settled.missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "not on all replicas yet: {}. They go on trying; look with: auth-host policy status",
        settled.missing.join("; ")
    );
    Err(Problem::new(UNKNOWN, "behind", text).told().into())
}
