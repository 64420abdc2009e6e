//! The registry of policies.
#![allow(unused_variables, clippy::unused_async, clippy::todo)]

use std::time::Duration;

use uuid::Uuid;

use super::database::Postgres;
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;
use crate::store::registry::{
    AdminToken, Beat, Change, Component, ComponentInfo, Deployment, HistoryLine, Moved,
    NewAdminToken, NewRelease, PlaceState, Pruned, RegistryError, Release, Replica, Report,
};

impl Postgres {
    pub(in crate::store) async fn component_put(
        &self,
        component: &Component,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn component(
        &self,
        digest: &str,
    ) -> Result<Option<Component>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn component_info(
        &self,
        digest: &str,
    ) -> Result<Option<ComponentInfo>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn release_add(
        &self,
        release: &NewRelease,
    ) -> Result<Release, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn release(
        &self,
        place: &str,
        number: i64,
    ) -> Result<Option<Release>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn releases(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn registry_prune(
        &self,
        keep: u32,
        before: Timestamp,
        change: &Change,
    ) -> Result<Pruned, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn places(&self) -> Result<Vec<PlaceState>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn release_activate(
        &self,
        release: &NewRelease,
        only_first: bool,
        probation: Duration,
    ) -> Result<(Release, Moved), RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn rollback(
        &self,
        place: &str,
        to: Option<i64>,
        expected_revision: Option<i64>,
        change: &Change,
        events: &[NewEvent],
    ) -> Result<Moved, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn freeze(
        &self,
        place: &str,
        until: Timestamp,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn unfreeze(
        &self,
        place: &str,
        change: &Change,
    ) -> Result<PlaceState, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn history(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn deploy_begin(
        &self,
        place: &str,
        number: i64,
        patience: Duration,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn deploy_report(
        &self,
        deployment: Uuid,
        report: &Report,
    ) -> Result<(), StoreError> {
        todo!()
    }

    pub(in crate::store) async fn deploy_settle(
        &self,
        deployment: Uuid,
        probation: Duration,
    ) -> Result<Option<Deployment>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn deploy_cancel(
        &self,
        deployment: Uuid,
        change: &Change,
    ) -> Result<Deployment, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn deployment(
        &self,
        deployment: Uuid,
    ) -> Result<Option<Deployment>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn open_deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn replica_beat(&self, beat: &Beat) -> Result<(), StoreError> {
        todo!()
    }

    pub(in crate::store) async fn replica_gone(&self, replica: Uuid) -> Result<(), StoreError> {
        todo!()
    }

    pub(in crate::store) async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn registry_hint(&self) {
        todo!()
    }

    pub(in crate::store) async fn admin_token_add(
        &self,
        token: &NewAdminToken,
    ) -> Result<AdminToken, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn admin_token(
        &self,
        name: &str,
    ) -> Result<Option<AdminToken>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        todo!()
    }

    pub(in crate::store) async fn admin_token_revoke(
        &self,
        name: &str,
        who: &str,
    ) -> Result<AdminToken, RegistryError> {
        todo!()
    }

    pub(in crate::store) async fn admin_token_used(&self, name: &str) -> Result<(), StoreError> {
        todo!()
    }
}
