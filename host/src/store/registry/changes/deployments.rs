//! Deployments: begun, ended once.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::super::candidate::RolloutPlan;
use super::super::deployment::{Deployment, DeploymentState};
use super::super::place::Change;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::transaction::{NewLine, Registry};
use super::super::verdict::{verdict, waiting};
use super::places::{arrive, probation_until};
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
    let row = registry.lock(place).await?;
    let place = place.to_owned();
    if registry.release(&place, number).await?.is_none() {
        return Err(RegistryRefusal::NoRelease { place, number }.into());
    }
    if row.active == Some(number) {
        return Err(RegistryRefusal::ServesAlready { place, number }.into());
    }
    let now = registry.now();
    row.thawed(now)?;
    if let Some(open) = registry.open_deployment(&place).await? {
        if open.deadline > now {
            let (release, who) = (open.release, open.who);
            return Err(RegistryRefusal::Deploying { place, release, who }.into());
        }
        // Nobody was there to end it.
        end(registry, &open, DeploymentState::Expired, None).await?;
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
    let Some(state) = verdict(&deployment, &replicas, now) else { return Ok(None) };
    let from = row.active;
    if state == DeploymentState::Activated {
        let until = probation_until(now, probation);
        let moved = row.activate(deployment.release, &deployment.who, now, until);
        arrive(registry, &row, &moved).await?;
    }
    end(registry, &deployment, state, from).await?;
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

/// Ends it by the rule, with a line of history that tells what all reported.
async fn end<R: Registry>(
    registry: &mut R,
    deployment: &Deployment,
    state: DeploymentState,
    from: Option<i64>,
) -> Result<(), StoreError> {
    registry.end_deployment(deployment.id, state).await?;
    let details = json!({ "deployment": deployment.id, "reports": deployment.reports });
    let line = NewLine {
        place: &deployment.place,
        who: &deployment.who,
        action: match state {
            DeploymentState::Activated => "activated",
            DeploymentState::Refused => "deploy_refused",
            _ => "deploy_expired",
        },
        from,
        to: Some(deployment.release),
        why: &deployment.why,
        details: &details.to_string(),
    };
    registry.write(line).await
}
