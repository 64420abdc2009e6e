//! What the policy directory knows of the registry, and brings to it: each change is a release
//! whose source is the directory. What it brought last is remembered there and not here, so that a
//! rollback survives a restart, and replicas with the same folder bring a change once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::threshold::Pass;
use crate::clock::Clock;
use crate::contract::{Grants, Slot};
use crate::policy::admission::Admitted;
use crate::policy::trust::kept_asks;
use crate::store::registry::{
    Change, Component, ComponentInfo, NewRelease, PlaceState, RegistryError, RegistryRefusal,
    Release, ReleaseComponent, Source, StoredSignature,
};
use crate::store::{Store, StoreError};

/// So many releases are asked for at once.
const PAGE: u32 = 20;
/// Who brings what lies in the directory.
const AUTHOR: &str = "directory";

/// The registry, as the directory uses it.
#[derive(Clone)]
pub struct DirectoryRegistry {
    pub store: Store,
    pub clock: Clock,
    /// How long a release of the directory falls back by itself if it fails.
    pub probation: Duration,
}

/// What became of what was brought.
pub(super) enum Brought {
    /// It is a release, and active.
    Active(i64),
    /// It is what the directory brought last, and another release was activated since; or other
    /// replicas were faster to fill the place. The registry says what serves.
    Known,
}

impl DirectoryRegistry {
    /// A place as it stands; none if nothing was ever activated there.
    pub(super) async fn place(&self, slot: Slot) -> Result<Option<PlaceState>, StoreError> {
        let places = self.store.places().await?;
        Ok(places.into_iter().find(|place| place.place == slot.as_str()))
    }

    /// At which change a place is: each activation is one. None: nothing was ever active there.
    pub(super) async fn revision(&self, slot: Slot) -> Result<Option<i64>, StoreError> {
        Ok(self.place(slot).await?.map(|place| place.revision))
    }

    /// Whether there is a release of this place.
    pub(super) async fn is_filled(&self, slot: Slot) -> Result<bool, StoreError> {
        Ok(!self.store.releases(Some(slot.as_str()), None, 1).await?.is_empty())
    }

    /// Whether a kept release holds this component with these settings.
    pub(super) async fn holds(
        &self,
        slot: Slot,
        digest: &str,
        settings: &Map<String, Value>,
    ) -> Result<bool, StoreError> {
        Ok(self.find(slot, |release| is(release, digest, settings)).await?.is_some())
    }

    /// The number of what the directory brought last, if it is this.
    pub(super) async fn brought_last(
        &self,
        slot: Slot,
        digest: &str,
        settings: &Map<String, Value>,
    ) -> Result<Option<i64>, StoreError> {
        let newest = self.find(slot, |release| release.source == Source::Directory).await?;
        Ok(newest.filter(|release| is(release, digest, settings)).map(|release| release.number))
    }

    /// The settings of the newest release of a component that ever served.
    pub(super) async fn settings_of(
        &self,
        slot: Slot,
        digest: &str,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let newest =
            self.find(slot, |release| has(release, digest) && release.first_active_at.is_some());
        let newest = newest.await?;
        Ok(newest.and_then(|release| settings(&release)))
    }

    /// Keeps what was admitted as a release and activates it. With `only_first`, only if the place
    /// has none.
    pub(super) async fn bring(
        &self,
        slot: Slot,
        admitted: &Admitted,
        bytes: &Arc<[u8]>,
        only_first: bool,
        pass: Option<Pass>,
    ) -> Result<Brought, RegistryError> {
        let Admitted { digest, manifest, settings, report, .. } = admitted;
        let imports = report.imports.iter().map(String::as_str);
        if self.store.component_info(digest).await?.is_none() {
            let info = ComponentInfo {
                digest: digest.clone(),
                wit: report.wit.clone(),
                manifest: report.manifest.to_string(),
                size: i64::try_from(report.size).unwrap_or(i64::MAX),
                pushed_at: self.clock.now(),
                pushed_by: AUTHOR.to_owned(),
            };
            self.store.component_put(&Component { info, bytes: Arc::clone(bytes) }).await?;
        }
        let Pass { signatures, grants } = pass.unwrap_or_default();
        self.sign(slot, digest, &signatures).await?;
        let message = self.message(slot, digest, settings, only_first).await?;
        let release = NewRelease {
            place: slot.as_str().to_owned(),
            components: vec![ReleaseComponent { wit: report.wit.clone(), digest: digest.clone() }],
            settings: Value::Object(settings.clone()).to_string(),
            grants: kept_asks(&Grants::asked(manifest, imports)),
            source: Source::Directory,
            author: AUTHOR.to_owned(),
            message,
            report: serde_json::to_string(report).unwrap_or_default(),
        };
        match self
            .store
            .release_activate(&release, only_first, self.probation, grants.as_deref())
            .await
        {
            Ok((release, _)) => Ok(Brought::Active(release.number)),
            Err(RegistryError::Refused(RegistryRefusal::ServesAlready { number, .. })) => {
                self.known(slot, number).await
            }
            Err(RegistryError::Refused(RegistryRefusal::NotEmpty { .. })) => Ok(Brought::Known),
            Err(error) => Err(error),
        }
    }

    /// Keeps the signatures beside the file.
    async fn sign(
        &self,
        slot: Slot,
        digest: &str,
        signatures: &[StoredSignature],
    ) -> Result<(), RegistryError> {
        if signatures.is_empty() {
            return Ok(());
        }
        let (who, why) = (AUTHOR.to_owned(), String::new());
        let change = Change { who, why, details: "{}".to_owned() };
        match self.store.signatures_add(digest, slot.as_str(), signatures, &change).await {
            Ok(_) => Ok(()),
            // They were judged, and let it in: others have filled its places with theirs.
            Err(RegistryError::Refused(refusal @ RegistryRefusal::TooManySignatures { .. })) => {
                tracing::warn!(
                    %slot,
                    %refusal,
                    "the signatures beside the file are not kept; its release comes in. Who \
                     deploys it again needs them: pack it with another version and sign that"
                );
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Why, for the history. That somebody went back from the same one is told loudly: it may come
    /// again because a file was only put back.
    async fn message(
        &self,
        slot: Slot,
        digest: &str,
        settings: &Map<String, Value>,
        only_first: bool,
    ) -> Result<String, StoreError> {
        if only_first {
            return Ok("the first filling from the policy directory".to_owned());
        }
        let same = self.find(slot, |release| is(release, digest, settings)).await?;
        let Some(same) = same else { return Ok("changed in the policy directory".to_owned()) };
        let same = format!("{slot}/{}", same.number);
        tracing::warn!(
            place = slot.as_str(),
            same,
            "the policy directory brings back what an earlier release was; if that one was rolled \
             back, roll this one back, too"
        );
        Ok(format!("changed in the policy directory: the same as {same}"))
    }

    async fn known(&self, slot: Slot, number: i64) -> Result<Brought, RegistryError> {
        let is_active = self.place(slot).await?.is_some_and(|place| place.active == number);
        Ok(if is_active { Brought::Active(number) } else { Brought::Known })
    }

    /// The newest release of a place of which this is true.
    async fn find(
        &self,
        slot: Slot,
        is: impl Fn(&Release) -> bool + Send,
    ) -> Result<Option<Release>, StoreError> {
        let mut before = None;
        loop {
            let page = self.store.releases(Some(slot.as_str()), before, PAGE).await?;
            let last = page.last().map(|release| release.number);
            if let Some(found) = page.into_iter().find(&is) {
                return Ok(Some(found));
            }
            if last.is_none() {
                return Ok(None);
            }
            before = last;
        }
    }
}

fn has(release: &Release, digest: &str) -> bool {
    release.components.iter().any(|component| component.digest == digest)
}

fn is(release: &Release, digest: &str, settings: &Map<String, Value>) -> bool {
    has(release, digest) && self::settings(release).as_ref() == Some(settings)
}

fn settings(release: &Release) -> Option<Map<String, Value>> {
    if release.damage().is_some() {
        return None;
    }
    serde_json::from_str(&release.settings).ok()
}
