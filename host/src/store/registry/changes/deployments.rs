//! Deployments: begun, ended once.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::super::candidate::{Candidate, RolloutMode, RolloutPlan};
use super::super::deployment::{Deployment, DeploymentState};
use super::super::place::Change;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::replica::Replica;
use super::super::transaction::{NewLine, Registry};
use super::super::verdict::{verdict, waiting};
use super::moving::{arrive, overtaken, probation_until};
use super::rollouts;
use crate::clock::milliseconds;
use crate::store::StoreError;

pub(in crate::store) async fn begin<R: Registry>(
    registry: &mut R,
    place: &str,
    number: i64,
    patience: Duration,
    plan: Option<&RolloutPlan>,
    change: &Change,
) -> Result<Deployment, RegistryError> {
    let mut row = registry.lock(place).await?;
    let place = place.to_owned();
    if registry.release(&place, number).await?.is_none() {
        return Err(RegistryRefusal::NoRelease { place, number }.into());
    }
    if row.active == Some(number) {
        return Err(RegistryRefusal::ServesAlready { place, number }.into());
    }
    let now = registry.now();
    row.thawed(now)?;
    if overtaken(registry, &mut row, &change.who).await? {
        registry.save(&row).await?;
    }
    if let Some(tried) = row.tried()
        && tried.release != number
    {
        let (release, who) = (tried.release, tried.began_by.clone());
        return Err(RegistryRefusal::Trying { place, release, who }.into());
    }
    if plan.is_some() {
        // There must be something that it is tried beside.
        row.serves()?;
        all_know_candidates(&registry.replicas().await?)?;
    }
    if let Some(open) = registry.open_deployment(&place).await? {
        if open.deadline > now {
            let (release, who) = (open.release, open.who);
            return Err(RegistryRefusal::Deploying { place, release, who }.into());
        }
        // Nobody was there to end it.
        end(registry, &open, DeploymentState::Expired, None, None).await?;
    }
    let deployment = Deployment {
        id: Uuid::new_v4(),
        place,
        release: number,
        state: DeploymentState::Preparing,
        who: change.who.clone(),
        why: change.why.clone(),
        asked_at: now,
        deadline: now.saturating_add(milliseconds(patience)),
        ended_at: None,
        reports: Vec::new(),
        plan: plan.cloned(),
        waiting_for: Vec::new(),
    };
    registry.add_deployment(&deployment).await?;
    let line = NewLine {
        place: &deployment.place,
        who: &change.who,
        action: "deploy_began",
        from: row.active,
        to: Some(number),
        why: &change.why,
        details: &json!({ "deployment": deployment.id }).to_string(),
    };
    registry.write(line).await?;
    let replicas = registry.replicas().await?;
    Ok(waiting(deployment, &replicas))
}

/// An older version would send nobody to a candidate, and nobody back from it.
fn all_know_candidates(replicas: &[Replica]) -> Result<(), RegistryRefusal> {
    let is_old = |replica: &&Replica| {
        replica.live && !replica.serving.iter().any(|serving| serving.rollouts)
    };
    match replicas.iter().find(is_old) {
        Some(old) => Err(RegistryRefusal::OldReplica { replica: old.name.clone() }),
        None => Ok(()),
    }
}

/// None if it is not open, or goes on.
pub(in crate::store) async fn settle<R: Registry>(
    registry: &mut R,
    deployment: &Deployment,
    probation: Duration,
) -> Result<Option<Deployment>, StoreError> {
    // What was read before the lock may be over.
    let mut row = registry.lock(&deployment.place).await?;
    let Some(deployment) = registry.deployment(deployment.id).await? else { return Ok(None) };
    let (replicas, now) = (registry.replicas().await?, registry.now());
    let Some(mut state) = verdict(&deployment, &replicas, now) else { return Ok(None) };
    let from = row.active;
    let before = row.tried().cloned();
    match &deployment.plan {
        _ if state != DeploymentState::Activated => {}
        None => {
            let until = probation_until(now, probation);
            let moved = row.activate(deployment.release, &deployment.who, now, until);
            arrive(registry, &mut row, &moved, &deployment.who).await?;
        }
        Some(plan) => {
            if !rollouts::begin(registry, &mut row, &deployment, plan).await? {
                state = DeploymentState::Cancelled;
            }
        }
    }
    let before = before.filter(|_| state == DeploymentState::Activated);
    end(registry, &deployment, state, from, before.as_ref()).await?;
    registry.deployment(deployment.id).await
}

pub(in crate::store) async fn cancel<R: Registry>(
    registry: &mut R,
    deployment: &Deployment,
    change: &Change,
) -> Result<Deployment, RegistryError> {
    registry.lock(&deployment.place).await?;
    let id = deployment.id;
    let open = registry.deployment(id).await?;
    let Some(open) = open.filter(|open| open.state == DeploymentState::Preparing) else {
        return Err(RegistryRefusal::NoDeployment.into());
    };
    registry.end_deployment(id, DeploymentState::Cancelled).await?;
    let line = NewLine {
        place: &open.place,
        who: &change.who,
        action: "deploy_cancelled",
        from: None,
        to: Some(open.release),
        why: &change.why,
        details: &json!({ "deployment": id }).to_string(),
    };
    registry.write(line).await?;
    registry.deployment(id).await?.ok_or_else(|| RegistryRefusal::NoDeployment.into())
}

/// Ends it by the rule, with a line of history that tells what all reported, and which trial was
/// there `before` and ended by it.
async fn end<R: Registry>(
    registry: &mut R,
    deployment: &Deployment,
    state: DeploymentState,
    from: Option<i64>,
    before: Option<&Candidate>,
) -> Result<(), StoreError> {
    registry.end_deployment(deployment.id, state).await?;
    let mut details = json!({ "deployment": deployment.id, "reports": deployment.reports });
    if let Some(plan) = &deployment.plan {
        details["plan"] = json!(plan);
    }
    if let Some(Candidate { rollout, turn, share, .. }) = before {
        details["before"] = json!({ "rollout": rollout, "turn": turn, "share": share });
    }
    let line = NewLine {
        place: &deployment.place,
        who: &deployment.who,
        action: match (state, deployment.plan.as_ref().map(|plan| plan.mode)) {
            (DeploymentState::Activated, None) => "activated",
            (DeploymentState::Activated, Some(RolloutMode::Shadow)) => "shadow_began",
            (DeploymentState::Activated, Some(RolloutMode::Share)) => "share_began",
            (DeploymentState::Refused, _) => "deploy_refused",
            (DeploymentState::Cancelled, _) => "deploy_cancelled",
            _ => "deploy_expired",
        },
        from,
        to: Some(deployment.release),
        why: &deployment.why,
        details: &details.to_string(),
    };
    registry.write(line).await
}
