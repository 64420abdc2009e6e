//! When a deployment ends, and how: the rule alone.

use super::deployment::{Deployment, DeploymentState, ReportState};
use super::replica::Replica;
use crate::clock::Timestamp;

/// A replica that was not seen for that long, in milliseconds, is not live. Nor is one that was
/// seen so long after now: its clock is wrong, and it would be waited for for as long as that is
/// so.
const SEEN: i64 = 10_000;
/// Nor is one that was not seen for that long, some beats, if another of its name has begun since
/// it was: its process was started anew, and nobody waits for the old one.
const MISSED: i64 = 3_000;
/// One that was not seen for that long is not told of any more.
pub(in crate::store) const REMEMBERED: i64 = 3_600_000;

/// Replicas, with who of them is live.
pub(in crate::store) fn looked_at(mut replicas: Vec<Replica>, now: Timestamp) -> Vec<Replica> {
    let begun: Vec<(String, Timestamp)> =
        replicas.iter().map(|replica| (replica.name.clone(), replica.started_at)).collect();
    for replica in &mut replicas {
        let is_another =
            |(name, at): &(String, Timestamp)| *name == replica.name && *at > replica.last_seen;
        let is_replaced = replica.last_seen <= now - MISSED && begun.iter().any(is_another);
        let was_seen = replica.last_seen > now - SEEN && replica.last_seen <= now + SEEN;
        replica.live = was_seen && !is_replaced;
    }
    replicas.retain(|replica| {
        replica.last_seen > now - REMEMBERED && replica.last_seen < now + REMEMBERED
    });
    replicas.sort_by(|one, other| (&one.name, one.replica).cmp(&(&other.name, other.replica)));
    replicas
}

/// With the names of those that are waited for.
pub(in crate::store) fn waiting(mut deployment: Deployment, replicas: &[Replica]) -> Deployment {
    if deployment.state == DeploymentState::Preparing {
        let silent = replicas.iter().filter(|replica| replica.live).filter(|replica| {
            !deployment.reports.iter().any(|report| report.replica == replica.replica)
        });
        deployment.waiting_for = silent.map(|replica| replica.name.clone()).collect();
    }
    deployment
}

/// How an open deployment ends now; none if it goes on. Nothing is activated after the deadline,
/// also if all are ready by then: whoever asked was told so.
pub(in crate::store) fn verdict(
    deployment: &Deployment,
    replicas: &[Replica],
    now: Timestamp,
) -> Option<DeploymentState> {
    if deployment.state != DeploymentState::Preparing {
        return None;
    }
    let said: Vec<Option<ReportState>> = replicas
        .iter()
        .filter(|replica| replica.live)
        .map(|replica| {
            let mut reports = deployment.reports.iter();
            Some(reports.find(|report| report.replica == replica.replica)?.state)
        })
        .collect();
    if said.contains(&Some(ReportState::Refused)) {
        Some(DeploymentState::Refused)
    } else if now >= deployment.deadline {
        Some(DeploymentState::Expired)
    } else if !said.contains(&None) && said.contains(&Some(ReportState::Ready)) {
        Some(DeploymentState::Activated)
    } else {
        None
    }
}
