//! The gate before every deployment: who signed a component, and what its place is granted.
//!
//! The rule: it stands before what is deployed anew. What serves goes on, and a way back is always
//! open.

use serde::Deserialize as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::findings::Findings;
use super::judge::{Called, statement_of};
use super::keys::TrustedKeys;
use super::verdict::Trust;
use crate::contract::{Grants, Identity, Item, Manifest, Slot};
use crate::signatures::{Signature, Statement};
use crate::store::registry::{ComponentInfo, PlaceState, Release, Source};
use crate::store::{Store, StoreError};

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
        let asked = self.asked(slot, release).await?;
        let granted = self.granted(slot).await?;
        let mut trust = Trust { signed_by: Vec::new(), needed: 0, reasons: Vec::new() };
        let what = called(slot, release.number);
        for component in &release.components {
            // One that is missing is told by whoever needs its bytes.
            let Some(info) = self.store.component_info(&component.digest).await? else { continue };
            let judged = self.trust(&what, &statement(&info), release.source).await?;
            trust = both(trust, judged);
        }
        Ok(self.findings((slot, release.number), trust, &granted, asked))
    }

    /// What stands against what this replica has made ready, as its own bytes say.
    pub async fn of_identity(
        &self,
        identity: &Identity,
        source: Source,
    ) -> Result<Findings, StoreError> {
        let trust = self.trust(&what(identity), &said_by(identity), source).await?;
        let granted = self.granted(identity.slot).await?;
        Ok(self.looked_at(identity, trust, &granted))
    }

    /// The same, of what somebody has read before.
    pub fn with(
        &self,
        identity: &Identity,
        source: Source,
        signatures: &[Signature],
        granted: Option<&[String]>,
    ) -> Findings {
        let granted = texts_granted(identity.slot, granted);
        let trust = self.judge(&what(identity), &said_by(identity), signatures, source);
        self.looked_at(identity, trust, &granted)
    }

    fn looked_at(&self, identity: &Identity, trust: Trust, granted: &Grants) -> Findings {
        let number = i64::try_from(identity.release).unwrap_or(i64::MAX);
        self.findings((identity.slot, number), trust, granted, identity.grants.clone())
    }

    /// What the signatures that are kept of a component come to. `what` is what people call it.
    pub async fn trust(
        &self,
        what: &str,
        of: &Statement,
        source: Source,
    ) -> Result<Trust, StoreError> {
        Ok(self.judge(what, of, &self.signatures(&of.component).await?, source))
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

    /// What a release asks for: as it was brought, or of a release of an earlier version, as what
    /// is known of its components says.
    pub async fn asked(&self, slot: Slot, release: &Release) -> Result<Grants, StoreError> {
        if let Some(asked) = asked_at_push(slot, release) {
            return Ok(asked);
        }
        let report: Value = serde_json::from_str(&release.report).unwrap_or_default();
        let mut asked: Option<Grants> = None;
        for component in &release.components {
            let Some(info) = self.store.component_info(&component.digest).await? else { continue };
            let value: Value = serde_json::from_str(&info.manifest).unwrap_or_default();
            let Ok(manifest) = Manifest::deserialize(&value) else { continue };
            let imports = imports(&report, &component.digest);
            let own = Grants::asked(&manifest, imports);
            match &mut asked {
                Some(asked) => asked.and(&own),
                None => asked = Some(own),
            }
        }
        Ok(asked.unwrap_or_else(|| Grants::base(slot)))
    }

    /// What serves, is kept ready or is tried in a place asks for, together: so much is granted
    /// where nobody ever granted anything and something serves. An upgrade takes nothing away.
    pub async fn of_upgrade(&self, slot: Slot, state: &PlaceState) -> Result<Grants, StoreError> {
        let mut all = Grants::base(slot);
        let tried = state.candidate.as_ref().map(|candidate| candidate.release);
        for number in [state.active].into_iter().chain(tried).chain(state.previous.clone()) {
            if let Some(release) = self.store.release(slot.as_str(), number).await? {
                all.and(&self.asked(slot, &release).await?);
            }
        }
        Ok(all)
    }

    fn findings(
        &self,
        (slot, number): (Slot, i64),
        trust: Trust,
        granted: &Grants,
        asked: Grants,
    ) -> Findings {
        let missing = self.missing(granted, &asked);
        Findings { slot, number, trust, asked, missing }
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

fn said_by(identity: &Identity) -> Statement {
    statement_of(&identity.digest, &identity.manifest)
}

fn what(identity: &Identity) -> String {
    called(identity.slot, i64::try_from(identity.release).unwrap_or(i64::MAX))
}

/// What people call a release.
fn called(slot: Slot, release: i64) -> String {
    format!("{slot}/{release}")
}

/// Of the report of one component, or of all of a release.
fn imports<'r>(report: &'r Value, digest: &str) -> impl Iterator<Item = &'r str> {
    let of = report["components"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["digest"].as_str() == Some(digest)));
    let imports = of.unwrap_or(report)["imports"].as_array();
    imports.into_iter().flatten().filter_map(Value::as_str)
}

/// Of a release with several components all have to be trusted.
fn both(one: Trust, other: Trust) -> Trust {
    let Trust { mut signed_by, needed, mut reasons } = one;
    for signed in other.signed_by {
        if !signed_by.contains(&signed) {
            signed_by.push(signed);
        }
    }
    for reason in other.reasons {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Trust { signed_by, needed: needed.max(other.needed), reasons }
}
