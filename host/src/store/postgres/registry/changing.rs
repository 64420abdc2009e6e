//! The changes, each in a transaction of its own.

use std::time::Duration;

use uuid::Uuid;

use super::super::database::Postgres;
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;
use crate::store::registry::changes::{deployments, places, releases, tokens};
use crate::store::registry::{
    AdminToken, Change, Deployment, Expected, Moved, NewAdminToken, NewRelease, PlaceState, Pruned,
    RegistryError, RegistryRefusal, Release, verdict,
};

/// Makes a change in a transaction, and commits it if it went well.
macro_rules! change {
    ($self:ident, $change:path, $($argument:expr),*) => {{
        let mut registry = $self.change().await?;
        let done = $change(&mut registry, $($argument),*).await;
        registry.end(done).await
    }};
}

// Releases and places.
impl Postgres {
    pub(in crate::store) async fn release_add(
        &self,
        release: &NewRelease,
    ) -> Result<Release, RegistryError> {
        change!(self, releases::release_add, release)
    }

    pub(in crate::store) async fn registry_prune(
        &self,
        keep: u32,
        before: Timestamp,
        change: &Change,
    ) -> Result<Pruned, StoreError> {
        let mut all = Pruned::default();
        loop {
            let next: Result<Pruned, StoreError> =
                change!(self, releases::prune, keep, before, change);
            match next? {
                next if next == Pruned::default() => return Ok(all),
                next => all = all.and(next),
            }
        }
    }

    pub(in crate::store) async fn release_activate(
        &self,
        release: &NewRelease,
        only_first: bool,
        probation: Duration,
    ) -> Result<(Release, Moved), RegistryError> {
        change!(self, places::release_activate, release, only_first, probation)
    }

    pub(in crate::store) async fn rollback(
        &self,
        place: &str,
        to: Option<i64>,
        expected: Expected,
        change: &Change,
        events: &[NewEvent],
    ) -> Result<Moved, RegistryError> {
        change!(self, places::rollback, place, to, expected, change, events)
    }

    pub(in crate::store) async fn freeze(
        &self,
        place: &str,
        until: Timestamp,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        change!(self, places::freeze, place, until, change)
    }

    pub(in crate::store) async fn unfreeze(
        &self,
        place: &str,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        change!(self, places::unfreeze, place, change)
    }
}

// Deployments.
impl Postgres {
    pub(in crate::store) async fn deploy_begin(
        &self,
        place: &str,
        number: i64,
        patience: Duration,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        change!(self, deployments::begin, place, number, patience, change)
    }

    pub(in crate::store) async fn deploy_settle(
        &self,
        deployment: Uuid,
        probation: Duration,
    ) -> Result<Option<Deployment>, StoreError> {
        // Every replica asks often: nothing is locked before there is something to do.
        let Some(open) = self.deployment(deployment).await? else { return Ok(None) };
        let replicas = self.replicas().await?;
        if verdict(&open, &replicas, self.clock.now()).is_none() {
            return Ok(None);
        }
        change!(self, deployments::settle, &open, probation)
    }

    pub(in crate::store) async fn deploy_cancel(
        &self,
        deployment: Uuid,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        let none = RegistryRefusal::NoDeployment;
        let open = self.deployment(deployment).await?.ok_or(none)?;
        change!(self, deployments::cancel, &open, change)
    }
}

// Tokens of the admin API.
impl Postgres {
    pub(in crate::store) async fn admin_token_add(
        &self,
        token: &NewAdminToken,
    ) -> Result<AdminToken, RegistryError> {
        change!(self, tokens::add, token)
    }

    pub(in crate::store) async fn admin_token_revoke(
        &self,
        name: &str,
        who: &str,
    ) -> Result<AdminToken, RegistryError> {
        change!(self, tokens::revoke, name, who)
    }
}
