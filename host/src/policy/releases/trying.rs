//! This replica's part in a trial: as soon as it has the candidate ready it gives it its share of
//! the calls, or lets it follow them, and it stops when the registry says so. What it counts goes
//! out with its beats.

use std::sync::Arc;

use super::follower::Follower;
use super::place::Tried;
use crate::contract::Slot;
use crate::policy::health::GroupCounts;
use crate::policy::rollout::Trial;
use crate::policy::runtime::Generation;
use crate::store::registry::{Candidate, RolloutMode, TrialFigures};

impl Follower {
    /// Tries what the registry says, from now on and as it says; true if that is another trial than
    /// before, or none any more.
    pub(super) fn try_out(&mut self, slot: Slot) -> bool {
        let Some(candidate) = self.places.get(slot).candidate().cloned() else {
            self.standing.metrics.trials.nothing(slot);
            return self.stop_trying(slot, None);
        };
        let ready = self.ready_to_try(slot, &candidate);
        let part = if ready.is_ok() { candidate.share } else { 0 };
        self.standing.metrics.trials.shares(slot, &candidate, part);
        match ready {
            Ok(generation) => self.go_on_trying(slot, &candidate, &generation),
            Err(why) => self.stop_trying(slot, Some(why)),
        }
    }

    /// The candidate, if this replica can take part.
    fn ready_to_try(&self, slot: Slot, candidate: &Candidate) -> Result<Arc<Generation>, String> {
        let place = self.places.get(slot);
        if place.pinned.is_some() {
            return Err("it serves a pinned release".to_owned());
        }
        if self.leaving {
            return Err("it is stopping".to_owned());
        }
        if let Some(behind) = self.standing.behind(slot) {
            return Err(behind);
        }
        if place.state.as_ref().is_none_or(|state| state.revision != candidate.base_revision) {
            return Err("another release was activated since the trial began".to_owned());
        }
        let release = candidate.release;
        let ready =
            place.ready(release).cloned().ok_or_else(|| match place.refusal_of(release) {
                Some(refusal) => format!("it cannot run {slot}/{release}: {refusal}"),
                None => format!("{slot}/{release} is being prepared"),
            })?;
        match place.gated.against(release) {
            None => Ok(ready),
            Some(reasons) => Err(format!("{slot}/{release} is not let in here: {reasons}")),
        }
    }

    fn go_on_trying(&mut self, slot: Slot, candidate: &Candidate, ready: &Arc<Generation>) -> bool {
        let tried = &mut self.places.get_mut(slot).tried;
        tried.why = None;
        let before = tried.trial.as_deref();
        if before
            .is_some_and(|trial| trial.rollout == candidate.rollout && trial.turn == candidate.turn)
        {
            return false;
        }
        let Candidate { rollout, turn, base, share, .. } = *candidate;
        let mode = candidate.plan.mode;
        let generation = match mode {
            RolloutMode::Share => Arc::clone(ready),
            RolloutMode::Shadow => Arc::new(ready.shadowed()),
        };
        if mode == RolloutMode::Share && !before.is_some_and(|trial| is_share_of(trial, ready)) {
            // Its metrics are shown from now on, and stay behind those of what serves.
            ready.counts.comes_first();
            if let Some(active) = self.generations.current(slot) {
                active.counts.comes_first();
            }
        }
        let (active, tried_group) = groups(mode, before.filter(|it| is_share_of(it, ready)));
        let trial = Arc::new(Trial {
            rollout,
            turn,
            mode,
            share,
            base: u64::try_from(base).unwrap_or(0),
            generation,
            active,
            candidate: tried_group,
        });
        tried.trial = Some(Arc::clone(&trial));
        self.generations.try_out(slot, Some(trial));
        tracing::info!(
            place = slot.as_str(),
            candidate = candidate.release,
            active = base,
            ?mode,
            percent = f64::from(share) / 100.0,
            turn,
            "this replica tries a release"
        );
        true
    }

    fn stop_trying(&mut self, slot: Slot, why: Option<String>) -> bool {
        let tried = &mut self.places.get_mut(slot).tried;
        tried.why = why;
        let Some(trial) = tried.trial.take() else { return false };
        self.generations.try_out(slot, None);
        tracing::info!(
            place = slot.as_str(),
            candidate = trial.generation.identity.release,
            why = tried.why,
            "this replica tries a release no more"
        );
        true
    }

    /// Says so if the registry could not be asked for too long: what is tried may have come to its
    /// end.
    pub(super) fn lapse(&mut self) {
        if self.generations.lease_holds() {
            return;
        }
        for slot in Slot::ALL {
            let place = self.places.get_mut(slot);
            let Some(candidate) = place.candidate() else { continue };
            self.standing.metrics.trials.shares(slot, candidate, 0);
            let release = candidate.release;
            let tried = &mut place.tried;
            if tried.trial.is_some() && tried.why.is_none() {
                tried.why = Some("it could not ask the registry for a while".to_owned());
                tracing::warn!(
                    place = slot.as_str(),
                    candidate = release,
                    "the registry could not be asked: this replica tries the release no more until \
                     it can, as it may have been taken out meanwhile"
                );
            }
        }
    }

    /// For the other replicas: what this one has of the trial of a place.
    pub(super) fn trial_figures(&self, slot: Slot) -> Option<TrialFigures> {
        let Candidate { rollout, turn, .. } = *self.places.get(slot).candidate()?;
        let Tried { trial, why } = &self.places.get(slot).tried;
        let figures = TrialFigures { rollout, turn, why: why.clone(), ..TrialFigures::default() };
        Some(match trial {
            Some(trial) => TrialFigures {
                runs: true,
                active: trial.active.figures(),
                candidate: trial.candidate.figures(),
                ..figures
            },
            None => figures,
        })
    }
}

/// The active release's group and the candidate's. In a share each person is in one of them.
fn groups(mode: RolloutMode, before: Option<&Trial>) -> (GroupCounts, GroupCounts) {
    let mut active = GroupCounts::default();
    let mut candidate = match mode {
        RolloutMode::Share => active.beside(),
        RolloutMode::Shadow => GroupCounts::default(),
    };
    if let Some(before) = before {
        active.goes_on_from(&before.active);
        candidate.goes_on_from(&before.candidate);
    }
    (active, candidate)
}

fn is_share_of(trial: &Trial, generation: &Arc<Generation>) -> bool {
    trial.mode == RolloutMode::Share && Arc::ptr_eq(&trial.generation, generation)
}
