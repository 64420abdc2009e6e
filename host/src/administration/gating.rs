//! What is refused before it is deployed, and what people are told of who signed what and of what
//! is not granted.

use super::access::Caller;
use super::codes;
use super::core::Administration;
use super::refusals::of_store;
use super::views::{ReleaseView, TrustView};
use super::{describe, input};
use crate::contract::{Grants, Item, Slot};
use crate::errors::{ApiError, ErrorCode, Reason};
use crate::policy::trust::{Findings, KeyState, Trust, asked_at_push, not_granted, texts_granted};
use crate::store::StoreError;
use crate::store::registry::{PlaceState, Release, Role};

impl Administration {
    /// Refuses what is not to be deployed anew. What there is not, is told by whoever looks for it.
    pub(super) async fn let_in(&self, slot: Slot, number: i64) -> Result<(), ApiError> {
        match self.found(slot, number).await.map_err(|error| of_store(&error))? {
            Some(findings) if !findings.let_in() => Err(refused(&findings)),
            _ => Ok(()),
        }
    }

    /// Refuses the way to a release by its name that would not be deployed anew to those who only
    /// deploy: a stolen token is no way back to what somebody withdrew. What never served, and
    /// what there is not, is told by whoever looks for it.
    pub(super) async fn may_go_back(
        &self,
        caller: &Caller,
        slot: Slot,
        number: i64,
    ) -> Result<(), ApiError> {
        if caller.role >= Role::Operate {
            return Ok(());
        }
        let release = self.store.release(slot.as_str(), number).await;
        let release = release.map_err(|error| of_store(&error))?;
        let Some(release) = release.filter(|release| release.first_active_at.is_some()) else {
            return Ok(());
        };
        let found = self.gate.of_release(slot, &release).await;
        let found = found.map_err(|error| of_store(&error))?;
        if found.let_in() {
            return Ok(());
        }
        let refused = refused(&found);
        let message = format!(
            "{}. It would not be deployed anew, so a rollback to it by its number needs a token of \
             the role operate; one step back, without a number, does not",
            refused.message
        );
        Err(ApiError { message, ..refused })
    }

    /// Why a release that serves would not be deployed anew. Where nobody ever granted anything,
    /// what served is granted soon: until then, as far as signatures go.
    pub(super) async fn untrusted(&self, place: &str, number: i64) -> Vec<String> {
        let Ok(slot) = input::place(place) else { return Vec::new() };
        let found = self.found(slot, number).await.ok().flatten();
        let Some(found) = found else { return Vec::new() };
        match self.gate.texts(slot).await {
            Ok(Some(_)) => found.sentences(),
            _ => found.trust.reasons,
        }
    }

    async fn found(&self, slot: Slot, number: i64) -> Result<Option<Findings>, StoreError> {
        match self.store.release(slot.as_str(), number).await? {
            Some(release) => Ok(Some(self.gate.of_release(slot, &release).await?)),
            None => Ok(None),
        }
    }

    /// A release with all that the gate finds.
    pub(super) async fn shown(
        &self,
        slot: Slot,
        release: Release,
        places: &[PlaceState],
    ) -> Result<ReleaseView, StoreError> {
        let Findings { trust, asked, missing, .. } = self.gate.of_release(slot, &release).await?;
        Ok(ReleaseView {
            asks: asked.texts(),
            missing: texts(&missing),
            trust: Some(trust_view(trust)),
            ..describe::release(release, places)
        })
    }

    /// One of a page of releases: with what it was brought with, and nothing looked up.
    pub(super) fn listed(&self, release: Release, places: &[PlaceState]) -> ReleaseView {
        let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == release.place);
        let asked = slot.and_then(|slot| asked_at_push(slot, &release));
        let state = places.iter().find(|state| state.place == release.place);
        let missing = slot.zip(asked.as_ref()).zip(state).map(|((slot, asked), state)| {
            texts(&self.gate.missing(&texts_granted(slot, state.grants.as_deref()), asked))
        });
        ReleaseView {
            asks: asked.map(|asked| asked.texts()).unwrap_or_default(),
            missing: missing.unwrap_or_default(),
            ..describe::release(release, places)
        }
    }
}

/// Who is missing comes before what is missing: what nobody trusts is granted nothing.
fn refused(findings: &Findings) -> ApiError {
    let Findings { slot, number, trust, missing, unjudged, .. } = findings;
    let plain = |text: &String| reason(text.clone(), String::new());
    let item = |item: &Item| {
        let remedy = Grants::command(slot.as_str(), std::slice::from_ref(item));
        reason(format!("{slot} is not granted {item}"), remedy)
    };
    let reasons = trust.reasons.iter().map(plain).chain(missing.iter().map(item));
    let reasons = reasons.chain(unjudged.iter().map(plain)).collect();
    let (code, why): (ErrorCode, String) = if trust.is_given() {
        let why = not_granted(*slot, missing).into_iter().chain(unjudged.iter().cloned());
        (codes::NOT_GRANTED, why.collect::<Vec<_>>().join(". "))
    } else {
        (codes::UNTRUSTED, trust.reasons.join(" "))
    };
    ApiError { reasons, ..ApiError::with_message(code, format!("{slot}/{number}: {why}")) }
}

fn reason(text: String, remedy: String) -> Reason {
    Reason { text, remedy, of_settings: false }
}

pub(super) fn texts(items: &[Item]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

pub(super) fn trust_view(trust: Trust) -> TrustView {
    let good = trust.signed_by.iter().filter(|signed| signed.state == KeyState::Good);
    TrustView {
        trusted: trust.is_given(),
        needed: trust.needed,
        signed_by: good.filter_map(|signed| signed.name.clone()).collect(),
        reasons: trust.reasons,
    }
}
