//! The end of a deployment that begins a trial: it waits until every replica takes part, and says
//! what runs and what to do next.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::client::Client;
use super::problem::{Problem, REFUSED, UNKNOWN};
use super::{progress, tried};
use crate::administration::views::{
    CandidateView, DeploymentView, ReplicaView, RolloutView, ServingState, StatusView,
};
use crate::command::output::{self, plain, seconds};

/// A replica takes part within a second; one that does not has its reason then.
const PATIENCE: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(100);

async fn rollout(client: &Client, deployment: &DeploymentView) -> anyhow::Result<RolloutView> {
    let query = [("rollout", deployment.id.to_string())];
    client.read(&["places", &deployment.place, "rollout"], &query).await
}

/// Waits until all take part, and says what runs.
pub(super) async fn tell(
    client: &Client,
    deployment: &DeploymentView,
    begin: Instant,
    json: bool,
) -> anyhow::Result<()> {
    let unseen = |error: anyhow::Error| {
        let text = format!(
            "{} is tried; whether on all replicas, is not known: {error}",
            deployment.release
        );
        Problem::new(UNKNOWN, "not_seen", text)
    };
    let Some(candidate) = settled(client, deployment).await.map_err(unseen)? else {
        let ended = rollout(client, deployment).await.map_err(unseen)?;
        return Err(over(&ended).into());
    };
    if json {
        let mut told = serde_json::to_value(deployment)?;
        told["replicas"] = candidate.replicas.into();
        told["missing"] = candidate.missing.clone().into();
        told["candidate"] = serde_json::to_value(&candidate)?;
        output::json(&told)?;
    } else {
        output::line(readable(deployment, &candidate, begin.elapsed()))?;
    }
    if candidate.missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "not on all replicas yet: {}. They go on trying; look with: auth-host policy status",
        candidate.missing.join("; ")
    );
    Err(Problem::new(UNKNOWN, "behind", text).told().into())
}

fn readable(deployment: &DeploymentView, candidate: &CandidateView, took: Duration) -> String {
    let mut lines = vec![format!(
        "{}      {}   {}   {:.1} s",
        progress::states(deployment),
        tried::how(candidate),
        tried::replicas(candidate),
        took.as_secs_f64()
    )];
    lines.extend(tried::step(candidate));
    lines.push(tried::next(&plain(&deployment.place), candidate, true, &[]));
    lines.join("\n")
}

/// The trial once every replica takes part, or what it is after a while; none: it is over already.
async fn settled(
    client: &Client,
    deployment: &DeploymentView,
) -> anyhow::Result<Option<CandidateView>> {
    let end = Instant::now() + PATIENCE;
    loop {
        let status: StatusView = client.read(&["status"], &[]).await?;
        let place = status.places.iter().find(|place| place.place == deployment.place);
        let candidate = place.and_then(|place| place.candidate.clone());
        let Some(mut candidate) = candidate.filter(|found| found.rollout == deployment.id) else {
            return Ok(None);
        };
        // They take no part in anything that is deployed.
        candidate
            .missing
            .retain(|missing| !is_pinned(&status.replicas, &deployment.place, missing));
        let all = candidate.missing.is_empty() && candidate.replicas > 0;
        if all || Instant::now() > end {
            return Ok(Some(candidate));
        }
        sleep(BETWEEN).await;
    }
}

/// Whether this names a replica that serves what it was pinned to.
fn is_pinned(replicas: &[ReplicaView], place: &str, missing: &str) -> bool {
    let name = missing.split_once(": ").map_or(missing, |(name, _)| name);
    let mut serving =
        replicas.iter().filter(|replica| replica.name == name).flat_map(|found| &found.serving);
    serving.any(|one| one.place == place && one.state == ServingState::Pinned)
}

/// It began, and ended while somebody waited.
fn over(ended: &RolloutView) -> Problem {
    let how = ended.ending.as_deref().unwrap_or("ended").replace('_', " ");
    let at = ended.ended_at.as_deref().map(seconds).unwrap_or_default();
    let text = format!(
        "{} was tried and {how} at {at}. See: auth-host policy history {}",
        ended.release, ended.place
    );
    Problem::new(REFUSED, "trial_over", text)
}
