//! The gate as this replica keeps it: it answers no deployment with yes that is not let in here,
//! tries no candidate that is not let in any more, and tells what serves though nobody trusts it.
//!
//! The rule: what serves goes on, whatever becomes of a key or a grant.

use std::time::Duration;

use tokio::time::Instant;

use super::follower::Follower;
use super::gated::Known;
use super::place::Answer;
use crate::contract::Slot;
use crate::policy::runtime::Generation;
use crate::policy::trust::Findings;
use crate::store::StoreError;
use crate::store::registry::{Change, Deployment, PlaceState, RegistryError, ReportState};
use crate::telemetry::rarely;

/// What serves and what is tried is looked at so often: the file of keys may have changed.
const LOOK: Duration = Duration::from_secs(1);
/// Signatures are asked for anew so often.
const ASK: Duration = Duration::from_secs(5);
/// Who grants what served before anybody granted anything: for the history.
const UPGRADE: &str = "upgrade";

impl Follower {
    /// What this replica answers of a release that it has ready: yes only if it is let in.
    pub(super) async fn at_the_gate(
        &mut self,
        slot: Slot,
        deployment: &Deployment,
    ) -> Result<Answer, StoreError> {
        let number = deployment.release;
        let ready = self.places.get(slot).ready(number).cloned();
        let release = match self.store.release(slot.as_str(), number).await {
            Err(StoreError::Damaged(why)) => {
                let reason = format!("{slot}/{number} cannot be read: {why}. Push it again");
                return Ok(Answer { state: ReportState::Refused, reasons: vec![reason] });
            }
            release => release?,
        };
        let (Some(ready), Some(release)) = (ready, release) else {
            let reason = format!("the registry has no {slot}/{number} any more. Push it again");
            return Ok(Answer { state: ReportState::Refused, reasons: vec![reason] });
        };
        let findings = self.preparer.gate.of_ready(&ready.identity, &release).await?;
        let reasons = findings.sentences();
        if reasons.is_empty() {
            if deployment.plan.is_some() {
                self.places.get_mut(slot).gated.tried_against = Some((number, Vec::new()));
            }
            return Ok(Answer { state: ReportState::Ready, reasons });
        }
        tracing::error!(
            place = slot.as_str(),
            release = number,
            reasons = reasons.join(" "),
            "this replica does not let the release in"
        );
        Ok(Answer { state: ReportState::Refused, reasons })
    }

    /// Looks at what serves and what is tried, if it is time to; true if that changes what is
    /// tried.
    pub(super) async fn look_after_the_gate(&mut self) -> Result<bool, StoreError> {
        let mut changed = false;
        for slot in Slot::ALL {
            let gated = &mut self.places.get_mut(slot).gated;
            if gated.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
                continue;
            }
            gated.looked = Some(Instant::now());
            match self.look_at(slot).await {
                Ok(is_news) => changed |= is_news,
                // A row that cannot be read keeps nobody from deploying another release.
                Err(StoreError::Damaged(why)) => {
                    rarely!(
                        error,
                        place = slot.as_str(),
                        why,
                        "who signed what serves cannot be looked up; deploy another release"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    async fn look_at(&mut self, slot: Slot) -> Result<bool, StoreError> {
        self.grant_what_served(slot).await?;
        let served = self.look_at_serving(slot).await;
        let is_news = self.look_at_tried(slot).await?;
        served.map(|()| is_news)
    }

    /// An upgrade takes nothing away: what served before anybody granted anything goes on to be
    /// deployed.
    async fn grant_what_served(&self, slot: Slot) -> Result<(), StoreError> {
        let gate = &self.preparer.gate;
        let place = self.places.get(slot);
        let state = place.state.as_ref().filter(|state| state.grants.is_none());
        let Some(state) = state.filter(|_| !gate.grants_all()) else { return Ok(()) };
        let grants = gate.of_upgrade(slot, state).await?.texts();
        let why = "what served before anybody granted anything";
        let change =
            Change { who: UPGRADE.to_owned(), why: why.to_owned(), details: "{}".to_owned() };
        match self.store.grants_set(slot.as_str(), None, &grants, &change).await {
            Ok(()) => {
                let granted = grants.join(", ");
                tracing::warn!(
                    place = slot.as_str(),
                    granted,
                    "granted {why}; take away what it should not have: auth-host policy grants"
                );
                Ok(())
            }
            // Another replica was faster, or somebody.
            Err(RegistryError::Refused(_)) => Ok(()),
            Err(RegistryError::Store(error)) => Err(error),
        }
    }

    async fn look_at_serving(&mut self, slot: Slot) -> Result<(), StoreError> {
        let Some(current) = self.generations.current(slot) else { return Ok(()) };
        // What is pinned was told of when it was pinned.
        if self.places.get(slot).pinned.is_some() {
            return Ok(());
        }
        let known = self.places.get_mut(slot).gated.serving.take();
        let known = self.known(known, &current).await?;
        let Some(known) = known else { return Ok(()) };
        let found = self.findings(slot, &current, &known);
        let state = self.places.get(slot).state.as_ref();
        let is_granted = state.is_some_and(|state| state.grants.is_some());
        let gated = &mut self.places.get_mut(slot).gated;
        gated.serving = Some(known);
        // Where nobody ever granted anything, what served is granted soon.
        let untrusted = if is_granted { found.sentences() } else { found.trust.reasons };
        if gated.untrusted != untrusted {
            gated.untrusted.clone_from(&untrusted);
            self.tell_untrusted(slot, current.identity.release, &untrusted);
        }
        Ok(())
    }

    /// Says whether what serves here would be deployed anew.
    pub(super) fn tell_untrusted(&self, slot: Slot, release: u64, reasons: &[String]) {
        let metric = self.standing.metrics.untrusted.with_label_values(&[slot.as_str()]);
        metric.set(i64::from(!reasons.is_empty()));
        if reasons.is_empty() {
            tracing::info!(place = slot.as_str(), release, "what serves is trusted");
        } else {
            tracing::warn!(
                place = slot.as_str(),
                release,
                reasons = reasons.join(" "),
                "what serves goes on, and would not be deployed anew"
            );
        }
    }

    async fn look_at_tried(&mut self, slot: Slot) -> Result<bool, StoreError> {
        let place = self.places.get_mut(slot);
        let number = place.candidate().map(|candidate| candidate.release);
        let ready = number.and_then(|number| place.ready(number).cloned());
        let known = place.gated.tried.take();
        let Some((number, ready)) = number.zip(ready) else { return Ok(false) };
        let Some(known) = self.known(known, &ready).await? else { return Ok(false) };
        let reasons = self.findings(slot, &ready, &known).sentences();
        let gated = &mut self.places.get_mut(slot).gated;
        gated.tried = Some(known);
        let now = Some((number, reasons));
        let is_news = gated.tried_against != now;
        gated.tried_against = now;
        Ok(is_news)
    }

    fn findings(&self, slot: Slot, generation: &Generation, known: &Known) -> Findings {
        let state = self.places.get(slot).state.as_ref();
        let granted = state.and_then(|state: &PlaceState| state.grants.as_deref());
        self.preparer.gate.with(&generation.identity, known.kept.clone(), granted)
    }

    /// What is known of a release, asked for if that is too old.
    async fn known(
        &self,
        known: Option<Known>,
        generation: &Generation,
    ) -> Result<Option<Known>, StoreError> {
        let slot = generation.identity.slot;
        let number = i64::try_from(generation.identity.release).unwrap_or(i64::MAX);
        let known = known.filter(|known| known.release.number == number);
        if known.as_ref().is_some_and(|known| known.read.elapsed() < ASK) {
            return Ok(known);
        }
        // A release never changes; who signed it does.
        let release = match known {
            Some(known) => Some(known.release),
            None => self.store.release(slot.as_str(), number).await?,
        };
        let Some(release) = release else { return Ok(None) };
        let kept = self.preparer.gate.kept(slot, &release).await?;
        Ok(Some(Known { release, kept, read: Instant::now() }))
    }
}
