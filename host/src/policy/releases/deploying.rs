//! This replica's part in a deployment: it says whether it is ready, and ends what can be ended.

use uuid::Uuid;

use super::follower::Follower;
use super::place::Answer;
use crate::contract::Slot;
use crate::store::StoreError;
use crate::store::registry::{Deployment, DeploymentState, Report, ReportState};

impl Follower {
    /// Reports what has to be said of a deployment, and ends it if it can be; true if it was.
    pub(super) async fn take_part(&mut self, deployment: &Deployment) -> Result<bool, StoreError> {
        let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == deployment.place);
        if let Some(slot) = slot {
            if let Some(mut answer) = self.places.get(slot).answer() {
                if answer.state == ReportState::Ready {
                    answer = self.at_the_gate(slot, deployment).await?;
                }
                self.report(deployment, answer).await?;
                self.places.get_mut(slot).answered = Some(deployment.id);
            }
        } else if !self.has_reported(deployment) {
            let reason = format!(
                "this host, version {}, has no place {}. Upgrade it first",
                env!("CARGO_PKG_VERSION"),
                deployment.place
            );
            let answer = Answer { state: ReportState::Refused, reasons: vec![reason] };
            self.report(deployment, answer).await?;
        }
        let ended = self.store.deploy_settle(deployment.id, self.settings.probation).await?;
        let Some(ended) = ended else { return Ok(false) };
        if let Some(slot) = slot {
            self.standing.metrics.ended(slot, ended.state);
        }
        tell(&ended);
        Ok(true)
    }

    async fn report(&self, deployment: &Deployment, answer: Answer) -> Result<(), StoreError> {
        let now = self.clock.now();
        let report = Report {
            replica: self.standing.replica.id,
            name: self.standing.replica.name.clone(),
            state: answer.state,
            reasons: answer.reasons,
            milliseconds: (now - deployment.asked_at).max(0),
            at: now,
        };
        self.store.deploy_report(deployment.id, &report).await
    }

    fn has_reported(&self, deployment: &Deployment) -> bool {
        let own: Uuid = self.standing.replica.id;
        deployment.reports.iter().any(|report| report.replica == own)
    }
}

/// One line of the log, by the replica that ended it.
fn tell(ended: &Deployment) {
    let Deployment { place, release, who, .. } = ended;
    let refused = ended.reports.iter().filter(|report| report.state == ReportState::Refused);
    let refused: Vec<_> =
        refused.map(|report| format!("{}: {}", report.name, report.reasons.join(" "))).collect();
    let refused = refused.join("; ");
    match ended.state {
        DeploymentState::Activated => {
            tracing::info!(place, release, who, "all replicas were ready: the release is active");
        }
        DeploymentState::Refused => {
            tracing::error!(place, release, who, refused, "refused: nothing was activated");
        }
        state => {
            tracing::error!(
                place,
                release,
                who,
                ?state,
                "the deployment ended without all replicas being ready: nothing was activated"
            );
        }
    }
}
