//! Deployments: begun, looked at, cancelled.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::access::Caller;
use super::core::{Administration, change};
use super::refusals::{of_registry, of_store};
use super::views::{DeploymentView, NewDeploymentView};
use super::{codes, describe, input, plan};
use crate::errors::ApiError;
use crate::store::registry::{Deployment, DeploymentState, Role};

/// How soon one that somebody waits for is looked at again at first, and later on: many may wait.
const LOOK: Duration = Duration::from_millis(50);
const LATER_LOOK: Duration = Duration::from_millis(500);
/// The longest that somebody waits in one request.
const LONGEST: u32 = 60;

impl Administration {
    /// Asks all live replicas whether they can serve a release, or try it.
    pub async fn deploy(
        &self,
        caller: &Caller,
        new: &NewDeploymentView,
    ) -> Result<DeploymentView, ApiError> {
        let (slot, number) = input::release(&new.release)?;
        let change = change(caller, &new.message)?;
        let plan = new.rollout.as_ref().map(plan::plan).transpose()?;
        self.let_in(slot, number).await?;
        let (place, patience) = (slot.as_str(), self.deploy_patience);
        let begun = self.store.deploy_begin(place, number, patience, plan.as_ref(), &change);
        let deployment = begun.await.map_err(of_registry)?;
        tracing::info!(
            deployment = %deployment.id,
            release = new.release,
            by = caller.name,
            "a deployment begins"
        );
        Ok(describe::deployment(deployment))
    }

    /// A deployment; one that is being prepared is waited for, for at most so many seconds.
    pub async fn deployment(
        &self,
        id: &str,
        wait: Option<u32>,
    ) -> Result<DeploymentView, ApiError> {
        let seconds = wait.unwrap_or(0);
        if seconds > LONGEST {
            return Err(input::wrong("wait", "must be at most 60 seconds"));
        }
        let id = id_of(id)?;
        let end = Instant::now() + Duration::from_secs(seconds.into());
        let mut pause = LOOK;
        loop {
            let deployment = self.known(id).await?;
            let is_over = deployment.state != DeploymentState::Preparing;
            if is_over || Instant::now() >= end || self.stopping.has_begun() {
                return Ok(describe::deployment(deployment));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LATER_LOOK);
        }
    }

    /// Ends a deployment without an activation. What others began needs the role operate.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: &str,
        message: &str,
    ) -> Result<DeploymentView, ApiError> {
        let id = id_of(id)?;
        let change = change(caller, message)?;
        if self.known(id).await?.who != caller.name {
            caller.may(Role::Operate)?;
        }
        let cancelled = self.store.deploy_cancel(id, &change).await.map_err(of_registry)?;
        tracing::info!(deployment = %id, by = caller.name, "a deployment was cancelled");
        Ok(describe::deployment(cancelled))
    }

    async fn known(&self, id: Uuid) -> Result<Deployment, ApiError> {
        let found = self.store.deployment(id).await.map_err(|error| of_store(&error))?;
        found.ok_or_else(|| {
            let message = format!("there is no deployment {id}. See policy status");
            ApiError::with_message(codes::NO_DEPLOYMENT, message)
        })
    }
}

fn id_of(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| input::wrong("id", "is not the id of a deployment"))
}
