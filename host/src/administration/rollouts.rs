//! Trials: what they have shown so far, and what is to become of them.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::access::Caller;
use super::core::{Administration, change};
use super::refusals::{of_registry, of_store};
use super::views::{PlaceView, RolloutChangeView, RolloutView};
use super::{codes, describe, input, trials};
use crate::contract::Slot;
use crate::errors::ApiError;
use crate::policy::rollout::{JudgedTrial, judge_trial};
use crate::store::StoreError;
use crate::store::registry::{
    Candidate, PlaceState, RegistryError, RegistryRefusal, Replica, RolloutChange, RolloutMode,
};

/// So many trials of a place are looked through, the latest.
const MOST_ROLLOUTS: u32 = 500;
/// How often a change is tried if a step begins meanwhile.
const TRIES: usize = 2;
/// So long a replica that has just begun to take part, or to know of a trial, is waited for.
const BEATS: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(200);

impl Administration {
    /// What a trial of the last week has shown: that one, or the latest.
    pub async fn rollout(&self, place: &str, id: Option<&str>) -> Result<RolloutView, ApiError> {
        let slot = input::place(place)?;
        let wrong = |_| input::wrong("rollout", "is not the id of a trial");
        let id: Option<Uuid> = id.map(str::parse).transpose().map_err(wrong)?;
        let seen = self.seen(slot, id).await.map_err(|error| of_store(&error))?;
        seen.ok_or_else(|| {
            let what = match id {
                Some(id) => format!("there is no trial {id} of {slot}, or it ended a week ago"),
                None => format!("nothing was tried in {slot} in the last week"),
            };
            let advice =
                "See policy history; a trial begins with policy deploy --shadow or --share";
            ApiError::with_message(codes::NO_ROLLOUT, format!("{what}. {advice}"))
        })
    }

    async fn seen(&self, slot: Slot, id: Option<Uuid>) -> Result<Option<RolloutView>, StoreError> {
        let rollouts = self.store.rollouts(slot.as_str(), MOST_ROLLOUTS).await?;
        let is_meant = |rollout: &Uuid| id.is_none_or(|id| id == *rollout);
        let Some(rollout) = rollouts.into_iter().find(|one| is_meant(&one.rollout)) else {
            return Ok(None);
        };
        let differences = self.store.differences(rollout.rollout).await?;
        let place = self.place(slot).await?;
        let candidate = place.and_then(|place| place.candidate);
        let going_on = match candidate.filter(|one| one.rollout == rollout.rollout) {
            Some(candidate) => {
                let trial = self.judged(slot.as_str(), &candidate, &self.store.replicas().await?);
                Some((candidate, trial))
            }
            None => None,
        };
        let going_on = going_on.as_ref().map(|(candidate, trial)| (candidate, trial));
        Ok(Some(trials::rollout(rollout, &differences, going_on)))
    }

    /// Changes what becomes of a trial. What is noted of it in the history are the figures that
    /// whoever asked could see.
    pub async fn change_rollout(
        &self,
        caller: &Caller,
        place: &str,
        what: RolloutChange,
        asked: &RolloutChangeView,
    ) -> Result<PlaceView, ApiError> {
        let slot = input::place(place)?;
        let mut change = change(caller, &asked.message)?;
        if asked.release.is_some_and(|number| number < 1) {
            return Err(input::wrong("release", "is not the number of a release, such as 43"));
        }
        let mut tries = TRIES;
        let mut looked_at = None;
        let began = Instant::now();
        loop {
            let candidate = self.candidate(slot, asked.release).await?;
            // Nobody has seen what another trial has shown.
            if *looked_at.get_or_insert(candidate.rollout) != candidate.rollout {
                return Err(codes::CHANGED_MEANWHILE.into());
            }
            if what == RolloutChange::Promote {
                self.let_in(slot, candidate.release).await?;
            }
            // Before the change: what is done is not answered with an error.
            let replicas = self.store.replicas().await.map_err(|error| of_store(&error))?;
            change.details = self.judged(place, &candidate, &replicas).details();
            let expected = Some((candidate.rollout, candidate.turn));
            let changed =
                self.store.rollout_change(place, expected, what, self.probation, &change, None);
            match changed.await {
                Err(RegistryError::Refused(RegistryRefusal::ChangedMeanwhile { .. }))
                    if tries > 0 =>
                {
                    tries -= 1;
                }
                // Its next beat may say so.
                Err(RegistryError::Refused(RegistryRefusal::NotAllReady { unready, .. }))
                    if unready.why.is_none() && began.elapsed() < BEATS =>
                {
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => return Err(of_registry(error)),
                Ok(state) => {
                    let release = describe::name(place, candidate.release);
                    tracing::info!(place, release, ?what, by = caller.name, "a trial was changed");
                    return Ok(self.place_view(state, &replicas));
                }
            }
        }
    }

    /// What is tried in a place, if it is that release.
    async fn candidate(&self, slot: Slot, wanted: Option<i64>) -> Result<Candidate, ApiError> {
        let place = self.place(slot).await.map_err(|error| of_store(&error))?;
        let candidate = place.and_then(|place| place.candidate).ok_or_else(|| {
            of_registry(RegistryRefusal::NoCandidate { place: slot.to_string() }.into())
        })?;
        match wanted {
            Some(wanted) if wanted != candidate.release => Err(ApiError::with_message(
                codes::CHANGED_MEANWHILE,
                format!(
                    "{slot}/{} is being tried, not {slot}/{wanted}. Look, and ask again",
                    candidate.release
                ),
            )),
            _ => Ok(candidate),
        }
    }

    /// What is told of a share that a step back takes out: as much as can be read at the moment. A
    /// step back waits for nothing.
    pub(super) async fn figures_of_share(&self, slot: Slot) -> Option<String> {
        let candidate = self.place(slot).await.ok()??.candidate?;
        let replicas = self.store.replicas().await.ok()?;
        let is_share = candidate.plan.mode == RolloutMode::Share;
        is_share.then(|| self.judged(slot.as_str(), &candidate, &replicas).details())
    }

    pub(super) async fn place(&self, slot: Slot) -> Result<Option<PlaceState>, StoreError> {
        let places = self.store.places().await?;
        Ok(places.into_iter().find(|state| state.place == slot.as_str()))
    }

    /// A place with what is tried in it, and what to think of that at this moment.
    pub(super) fn place_view(&self, state: PlaceState, replicas: &[Replica]) -> PlaceView {
        let candidate = state.candidate.as_ref().map(|candidate| {
            let trial = self.judged(&state.place, candidate, replicas);
            trials::candidate(&state.place, candidate, &trial)
        });
        PlaceView { candidate, ..describe::place(state) }
    }

    fn judged(&self, place: &str, candidate: &Candidate, replicas: &[Replica]) -> JudgedTrial {
        judge_trial(&self.judgement, place, candidate, replicas)
    }
}
