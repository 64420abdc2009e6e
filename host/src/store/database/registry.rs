//! The registry of policies as the rest of the host asks for it, whichever database it is.

use std::time::Duration;

use uuid::Uuid;

use super::store::{Store, ask};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::registry::{
    AdminToken, Beat, Change, Component, ComponentInfo, Deployment, EventOfMove, Expected,
    HistoryLine, Moved, NewAdminToken, NewRelease, PlaceState, Pruned, RegistryError, Release,
    Replica, Report, RolloutPlan,
};

// Components and releases.
impl Store {
    /// Keeps a component; false if it is kept already. If something else is kept under its digest,
    /// that is overwritten, and the answer is true.
    pub async fn component_put(&self, component: &Component) -> Result<bool, StoreError> {
        ask!(self.component_put(component).await)
    }

    /// A component with its bytes.
    pub async fn component(&self, digest: &str) -> Result<Option<Component>, StoreError> {
        ask!(self.component(digest).await)
    }

    /// What is known of a component.
    pub async fn component_info(&self, digest: &str) -> Result<Option<ComponentInfo>, StoreError> {
        ask!(self.component_info(digest).await)
    }

    /// Keeps a release and writes a line of history (`pushed`, `imported`). Refused:
    /// `NoComponent`.
    pub async fn release_add(&self, release: &NewRelease) -> Result<Release, RegistryError> {
        ask!(self.release_add(release).await)
    }

    /// A release.
    pub async fn release(&self, place: &str, number: i64) -> Result<Option<Release>, StoreError> {
        ask!(self.release(place, number).await)
    }

    /// Releases, newest first: of one place or of all, with numbers below `before`.
    pub async fn releases(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError> {
        ask!(self.releases(place, before, most).await)
    }

    /// Deletes releases beyond the newest `keep` of each place, and components that no release
    /// names, if they are older than `before`. What is active, kept ready, being deployed, being
    /// tried or served by a live replica stays.
    pub async fn registry_prune(
        &self,
        keep: u32,
        before: Timestamp,
        change: &Change,
    ) -> Result<Pruned, StoreError> {
        ask!(self.registry_prune(keep, before, change).await)
    }
}

// Places.
impl Store {
    /// All places that have an active release.
    pub async fn places(&self) -> Result<Vec<PlaceState>, StoreError> {
        ask!(self.places().await)
    }

    /// Keeps a release and activates it at once: for the policy directory. With `only_first`,
    /// only if the place has no release yet (refused: `NotEmpty`). Probation as for a deployment.
    /// Refused, too: `Frozen`, and `ServesAlready` for what the directory brought last, whether or
    /// not another release was activated since. With `grants`, a place that nobody ever granted
    /// anything to is granted this, with a line of history (`granted`); one that somebody granted
    /// something to, or nothing, keeps that.
    pub async fn release_activate(
        &self,
        release: &NewRelease,
        only_first: bool,
        probation: Duration,
        grants: Option<&[String]>,
    ) -> Result<(Release, Moved), RegistryError> {
        ask!(self.release_activate(release, only_first, probation, grants).await)
    }

    /// Goes back to the release before, or to one that served once, in one transaction; an open
    /// deployment of the place is cancelled. Only if things are as expected: refused with
    /// `ChangedMeanwhile` else. The event is appended in the same transaction. History says
    /// `rolled_back`, or `fell_back` of what was on probation. While a candidate decides about a
    /// part of all people, a step back without `to` takes that one out, and the active one stays.
    pub async fn rollback(
        &self,
        place: &str,
        to: Option<i64>,
        expected: Expected,
        change: &Change,
        event: EventOfMove<'_>,
    ) -> Result<Moved, RegistryError> {
        ask!(self.rollback(place, to, expected, change, event).await)
    }

    /// Refuses deployments until then.
    pub async fn freeze(
        &self,
        place: &str,
        until: Timestamp,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        ask!(self.freeze(place, until, change).await)
    }

    /// Ends a freeze before its time.
    pub async fn unfreeze(
        &self,
        place: &str,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        ask!(self.unfreeze(place, change).await)
    }

    /// Lines of history, newest first: of one place or of all, before that line.
    pub async fn history(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        ask!(self.history(place, before, most).await)
    }
}

// Deployments.
impl Store {
    /// Begins a deployment, or with a plan one that ends in a trial. Refused: `NoRelease`,
    /// `ServesAlready`, `Deploying`, `Frozen`, `Trying` (another release is being tried), with a
    /// plan `EmptyPlace` and `OldReplica`.
    pub async fn deploy_begin(
        &self,
        place: &str,
        number: i64,
        patience: Duration,
        plan: Option<&RolloutPlan>,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        ask!(self.deploy_begin(place, number, patience, plan, change).await)
    }

    /// What a replica says; the last report of a replica counts. A deployment that has ended
    /// takes none.
    pub async fn deploy_report(&self, deployment: Uuid, report: &Report) -> Result<(), StoreError> {
        ask!(self.deploy_report(deployment, report).await)
    }

    /// Ends a deployment if it can be: activates its release, or begins its trial, if all live
    /// replicas are ready or pinned and at least one is ready, gives it up if one refused or its
    /// time is over; else none. The place's row is locked; one of all callers ends it.
    pub async fn deploy_settle(
        &self,
        deployment: Uuid,
        probation: Duration,
    ) -> Result<Option<Deployment>, StoreError> {
        ask!(self.deploy_settle(deployment, probation).await)
    }

    /// Ends a deployment without an activation. Refused: `NoDeployment`.
    pub async fn deploy_cancel(
        &self,
        deployment: Uuid,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        ask!(self.deploy_cancel(deployment, change).await)
    }

    /// A deployment with its reports.
    pub async fn deployment(&self, deployment: Uuid) -> Result<Option<Deployment>, StoreError> {
        ask!(self.deployment(deployment).await)
    }

    /// Those that are being prepared.
    pub async fn open_deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        ask!(self.open_deployments().await)
    }
}

// Replicas.
impl Store {
    /// Says that a replica lives, and what it serves.
    pub async fn replica_beat(&self, beat: &Beat) -> Result<(), StoreError> {
        ask!(self.replica_beat(beat).await)
    }

    /// A replica has ended in order.
    pub async fn replica_gone(&self, replica: Uuid) -> Result<(), StoreError> {
        ask!(self.replica_gone(replica).await)
    }

    /// All that were seen in the last hour.
    pub async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        ask!(self.replicas().await)
    }

    /// Returns once something of the registry may have changed elsewhere: a hint only. May wait
    /// for ever.
    pub async fn registry_hint(&self) {
        ask!(self.registry_hint().await);
    }
}

// Tokens of the admin API.
impl Store {
    /// Keeps a token, with a line of history. Refused: `TokenExists`.
    pub async fn admin_token_add(
        &self,
        token: &NewAdminToken,
    ) -> Result<AdminToken, RegistryError> {
        ask!(self.admin_token_add(token).await)
    }

    /// The token of this name.
    pub async fn admin_token(&self, name: &str) -> Result<Option<AdminToken>, StoreError> {
        ask!(self.admin_token(name).await)
    }

    /// All tokens.
    pub async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        ask!(self.admin_tokens().await)
    }

    /// Revokes a token. Refused: `NoToken`.
    pub async fn admin_token_revoke(
        &self,
        name: &str,
        who: &str,
    ) -> Result<AdminToken, RegistryError> {
        ask!(self.admin_token_revoke(name, who).await)
    }

    /// Notes that a token was used, at most once a minute.
    pub async fn admin_token_used(&self, name: &str) -> Result<(), StoreError> {
        ask!(self.admin_token_used(name).await)
    }
}
