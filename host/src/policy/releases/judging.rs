//! The judgement of candidates: every replica judges each trial by what all of them counted. The
//! first that finds a candidate bad takes it out, for all; the first that finds that a step has had
//! its time and is good begins the next one.

use std::time::Duration;

use tokio::time::Instant;

use super::follower::Follower;
use crate::contract::Slot;
use crate::events::NewEvent;
use crate::policy::judgement::{Failing, Verdict};
use crate::policy::rollout::{JudgedTrial, judge_trial};
use crate::store::StoreError;
use crate::store::registry::{
    Candidate, Change, PlaceState, RegistryError, RegistryRefusal, Replica, RolloutChange, WHOLE,
};
use crate::telemetry::rarely;

/// As often as replicas tell what they counted.
const JUDGE: Duration = Duration::from_secs(1);
/// Who changes a trial when nobody did: for the history.
const WHO: &str = "judgement";

impl Follower {
    /// Judges what is tried, if it is time to; true if that changed something.
    pub(super) async fn judge_trials(&mut self) -> Result<bool, StoreError> {
        let tried = Slot::ALL.into_iter().filter_map(|slot| {
            let state = self.places.get(slot).state.clone()?;
            let candidate = state.candidate.clone()?;
            Some((slot, state, candidate))
        });
        let tried: Vec<_> = tried.collect();
        if tried.is_empty() || self.weighed.is_some_and(|weighed| weighed.elapsed() < JUDGE) {
            return Ok(false);
        }
        self.weighed = Some(Instant::now());
        let replicas = self.store.replicas().await?;
        let mut changed = false;
        for (slot, state, candidate) in &tried {
            changed |= self.judge_candidate(*slot, state, candidate, &replicas).await?;
        }
        Ok(changed)
    }

    async fn judge_candidate(
        &self,
        slot: Slot,
        state: &PlaceState,
        candidate: &Candidate,
        replicas: &[Replica],
    ) -> Result<bool, StoreError> {
        let judged = judge_trial(&self.judgement, &state.place, candidate, replicas);
        let overdue = overdue(state, candidate, self.clock.now());
        let waits = overdue.filter(|_| judged.verdict != Verdict::Good).unwrap_or(0);
        self.standing.metrics.trials.judged(slot, &judged.verdict, waits / 1000);
        let (what, why, event) = match &judged.verdict {
            Verdict::Bad(failing) => {
                let moved = (candidate.release, candidate.base);
                let counted = &judged.sum.candidate;
                let counted = (counted.calls, counted.faults, judged.sum.replicas);
                let reason = &*failing.sentence;
                let event = NewEvent::policy_rolled_back(&state.place, moved, reason, counted);
                (RolloutChange::TakeOut, failing.sentence.clone(), Some(event))
            }
            Verdict::Good if overdue.is_some() => {
                (RolloutChange::Advance, what_comes(candidate), None)
            }
            Verdict::Good | Verdict::NotEnough { .. } => return Ok(false),
        };
        let change = Change { who: WHO.to_owned(), why, details: judged.details() };
        let place = &state.place;
        let done = self.change_trial(place, candidate, what, &change, event.as_ref()).await;
        match done {
            Ok(_) => {
                self.tell_of(slot, candidate, &judged, &change);
                Ok(true)
            }
            Err(RegistryError::Store(error)) => Err(error),
            // Another replica was faster, or somebody.
            Err(RegistryError::Refused(
                RegistryRefusal::ChangedMeanwhile { .. }
                | RegistryRefusal::NoCandidate { .. }
                | RegistryRefusal::StepsAsAsked { .. }
                | RegistryRefusal::NotAllReady { .. }
                | RegistryRefusal::Frozen { .. },
            )) => Ok(false),
            Err(RegistryError::Refused(refused)) => {
                rarely!(
                    error,
                    place,
                    candidate = candidate.release,
                    %refused,
                    "what the judgement says of a candidate cannot be done"
                );
                Ok(false)
            }
        }
    }

    /// Asks for a change of what was judged. What cannot go on for ever is taken out.
    async fn change_trial(
        &self,
        place: &str,
        candidate: &Candidate,
        what: RolloutChange,
        change: &Change,
        event: Option<&NewEvent>,
    ) -> Result<PlaceState, RegistryError> {
        let (seen, probation) =
            (Some((candidate.rollout, candidate.turn)), self.settings.probation);
        let store = &self.store;
        match store.rollout_change(place, seen, what, probation, change, event).await {
            // A version that knows nothing of trials deletes what is old and serves nowhere.
            Err(RegistryError::Refused(refused @ RegistryRefusal::NoRelease { .. })) => {
                let release = candidate.release;
                rarely!(error, place, candidate = release, %refused, "it is taken out");
                let why = format!("{refused} any more: push it again, and begin anew");
                let (what, change) = (RolloutChange::TakeOut, Change { why, ..change.clone() });
                store.rollout_change(place, seen, what, probation, &change, event).await
            }
            done => done,
        }
    }

    /// One line of the log, by the replica that did it.
    fn tell_of(&self, slot: Slot, candidate: &Candidate, judged: &JudgedTrial, change: &Change) {
        let (place, release, base) = (slot.as_str(), candidate.release, candidate.base);
        let (reason, figures) = (&*change.why, &*change.details);
        if let Verdict::Bad(Failing { metric, .. }) = &judged.verdict {
            self.standing.metrics.trials.taken_out(slot, metric);
            tracing::error!(
                place,
                candidate = release,
                active = base,
                reason,
                figures,
                "a candidate was judged bad and is taken out on all replicas; mend it before it is \
                 tried again"
            );
        } else {
            tracing::info!(
                place,
                candidate = release,
                active = base,
                reason,
                figures,
                "a candidate was judged good, and goes on to its next step"
            );
        }
    }
}

/// For how long a step has had its time, in milliseconds; none if it has not, if none follows, or
/// if somebody holds it.
fn overdue(state: &PlaceState, candidate: &Candidate, now: i64) -> Option<i64> {
    let steps = &candidate.plan.steps;
    let (step, _next) = (steps.get(candidate.step)?, steps.get(candidate.step + 1)?);
    let is_held = candidate.paused.is_some() || state.freeze.is_some();
    let overdue = now - candidate.turn_since.saturating_add(step.hold_milliseconds);
    (!is_held && overdue >= 0).then_some(overdue)
}

/// For the history.
fn what_comes(candidate: &Candidate) -> String {
    let percent = |share: u32| f64::from(share) / 100.0;
    let now = percent(candidate.share);
    match candidate.plan.steps.get(candidate.step + 1) {
        Some(next) if next.share < WHOLE => {
            format!("good at {now} %: {} % from now on", percent(next.share))
        }
        _ => format!("good at {now} %: it serves all from now on"),
    }
}
