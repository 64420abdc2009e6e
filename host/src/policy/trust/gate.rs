//! The gate before every deployment: who signed a component, and what its place is granted.
//!
//! The rule: it stands before what is deployed anew. What serves goes on, and a way back is always
//! open.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::findings::Findings;
use super::judge::Called;
use super::kept::Kept;
use super::keys::TrustedKeys;
use super::verdict::Trust;
use crate::contract::{Grants, Identity, Item, Slot};
use crate::signatures::{Signature, Statement};
use crate::store::registry::{ComponentInfo, PlaceState, Release, Source};
use crate::store::{Store, StoreError};
use crate::telemetry::rarely;

/// Says what is let in.
pub struct Gate {
    store: Store,
    keys: TrustedKeys,
    /// Whether whatever is asked for is granted.
    grants_all: bool,
}

impl Gate {
    pub fn new(store: Store, keys: TrustedKeys, grants_all: bool) -> Self {
        Self { store, keys, grants_all }
    }

    /// Whether whatever a release asks for is granted (`POLICY_GRANT_ALL`).
    pub fn grants_all(&self) -> bool {
        self.grants_all
    }

    /// What stands against a release, as its rows say: all of its components are looked at.
    pub async fn of_release(&self, slot: Slot, release: &Release) -> Result<Findings, StoreError> {
        let kept = self.kept(slot, release).await?;
        let granted = self.granted(slot).await?;
        Ok(self.findings((slot, release.number), &kept, &granted))
    }

    /// What stands against what this replica has made ready, as its own bytes say, and against the
    /// rest of its release: after an upgrade another component of it runs.
    pub async fn of_ready(
        &self,
        identity: &Identity,
        release: &Release,
    ) -> Result<Findings, StoreError> {
        let kept = self.kept(identity.slot, release).await?;
        let granted = self.granted(identity.slot).await?;
        Ok(self.looked_at(identity, kept, &granted))
    }

    /// The same, of what somebody has read before.
    pub fn with(&self, identity: &Identity, kept: Kept, granted: Option<&[String]>) -> Findings {
        self.looked_at(identity, kept, &texts_granted(identity.slot, granted))
    }

    fn looked_at(&self, identity: &Identity, kept: Kept, granted: &Grants) -> Findings {
        let number = i64::try_from(identity.release).unwrap_or(i64::MAX);
        self.findings((identity.slot, number), &kept.with_own(identity), granted)
    }

    /// What the registry keeps of a release and of its components.
    pub async fn kept(&self, slot: Slot, release: &Release) -> Result<Kept, StoreError> {
        let report: Value = serde_json::from_str(&release.report).unwrap_or_default();
        let mut kept = Kept::new(release.source, asked_at_push(slot, release));
        for component in &release.components {
            // One that is missing is told by whoever needs its bytes.
            let Some(info) = self.store.component_info(&component.digest).await? else { continue };
            let signatures = self.signatures(&info.digest).await?;
            kept.add(&report, &info, statement(&info), signatures);
        }
        Ok(kept)
    }

    /// What these signatures come to.
    pub fn judge<'a>(
        &self,
        what: impl Into<Called<'a>>,
        of: &Statement,
        signatures: &[Signature],
        source: Source,
    ) -> Trust {
        self.keys.judge(what.into(), of, signatures, source, self.store.clock().now())
    }

    /// Takes up changes of the trusted keys, until it is told to stop.
    pub async fn follow(&self, stop: CancellationToken) {
        self.keys.follow(self.store.clock(), stop).await;
    }

    /// Sets the metrics of the trusted keys.
    pub fn measure(&self) {
        self.keys.measure(self.store.clock().now());
    }

    /// The signatures that are kept of a component. One that cannot be read counts for nothing.
    pub async fn signatures(&self, digest: &str) -> Result<Vec<Signature>, StoreError> {
        let stored = self.store.signatures(digest).await?;
        Ok(stored.iter().filter_map(|one| Signature::read(&one.line).ok()).collect())
    }

    /// What a place is granted, over what every policy may do.
    pub async fn granted(&self, slot: Slot) -> Result<Grants, StoreError> {
        Ok(texts_granted(slot, self.texts(slot).await?.as_deref()))
    }

    /// The same as the registry keeps it; none: nobody ever granted it anything.
    pub async fn texts(&self, slot: Slot) -> Result<Option<Vec<String>>, StoreError> {
        self.store.grants(slot.as_str()).await
    }

    /// What is asked for and not granted.
    pub fn missing(&self, granted: &Grants, asked: &Grants) -> Vec<Item> {
        if self.grants_all { Vec::new() } else { granted.missing(asked) }
    }

    /// What a release asks for: as it was brought, and as what is known of its components says.
    pub async fn asked(&self, slot: Slot, release: &Release) -> Result<Grants, StoreError> {
        Ok(self.kept(slot, release).await?.asked(slot))
    }

    /// What serves, is kept ready or is tried in a place asks for, together: so much is granted
    /// where nobody ever granted anything and something serves. An upgrade takes nothing away.
    pub async fn of_upgrade(&self, slot: Slot, state: &PlaceState) -> Result<Grants, StoreError> {
        let mut all = Grants::base(slot);
        let tried = state.candidate.as_ref().map(|candidate| candidate.release);
        for number in [state.active].into_iter().chain(tried).chain(state.previous.clone()) {
            match self.store.release(slot.as_str(), number).await {
                Ok(Some(release)) => all.and(&self.asked(slot, &release).await?),
                Ok(None) => {}
                // What nobody can read is granted nothing, and keeps nothing from the others.
                Err(StoreError::Damaged(why)) => {
                    rarely!(error, %slot, number, why, "a release cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    fn findings(&self, (slot, number): (Slot, i64), kept: &Kept, granted: &Grants) -> Findings {
        let what = called(slot, number);
        let trust = kept.trust(|of, signatures| self.judge(&what, of, signatures, kept.source));
        let asked = kept.asked(slot);
        let missing = self.missing(granted, &asked);
        let unjudged = if self.grants_all { Vec::new() } else { kept.unjudged() };
        Findings { slot, number, trust, asked, missing, unjudged }
    }
}

/// What is kept of what a release asks for (`release.grants`).
pub fn kept_asks(asked: &Grants) -> String {
    serde_json::json!({ "asks": asked.texts() }).to_string()
}

/// What a release asked for when it was brought; none: an earlier version brought it.
pub fn asked_at_push(slot: Slot, release: &Release) -> Option<Grants> {
    let kept: Value = serde_json::from_str(&release.grants).ok()?;
    let texts = kept.get("asks")?.as_array()?;
    Some(Grants::granted(slot, texts.iter().filter_map(Value::as_str)))
}

/// What a place is granted by these texts.
pub fn texts_granted(slot: Slot, texts: Option<&[String]>) -> Grants {
    Grants::granted(slot, texts.unwrap_or_default().iter().map(String::as_str))
}

/// What is signed of a component.
pub fn statement(info: &ComponentInfo) -> Statement {
    let manifest: Value = serde_json::from_str(&info.manifest).unwrap_or_default();
    Statement::of_manifest(&info.digest, &manifest)
}

/// What people call a release.
fn called(slot: Slot, release: i64) -> String {
    format!("{slot}/{release}")
}
