//! A shadow: a candidate runs on an attempt that was decided already, with the answers that the
//! host gave then, on a budget of its own. Nothing that it writes is kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::call::{Decision, decision, execute};
use super::fault::CallError;
use super::generation::Generation;
use crate::capabilities::{CallState, Ended, NoRoom, Recording, Services, tells_waiting};
use crate::contract::Contract;
use crate::policy::health::Cause;

/// What came of a shadow.
pub enum Shadowed<A> {
    /// It decided; the state holds what it would have written, and the processor time.
    Decided(Decision<A>, Box<CallState>),
    /// It spoiled the call, in that much processor time.
    Fault(Cause, Duration),
    /// It asked what cannot be answered as it was then: a word that says what.
    NotComparable(&'static str),
    /// The host had no room for it, or could not do its part: a word that says which.
    Skipped(&'static str),
}

/// Runs a candidate on a recorded attempt, which is gone with it. The candidate must be
/// [`Generation::shadowed`]. It works in any runtime whose time runs, on any thread.
pub async fn shadow<C: Contract>(
    candidate: &Generation,
    services: &Arc<Services>,
    recording: Recording,
    deadline: Instant,
) -> Shadowed<C::Acceptance> {
    let profile = &*candidate.profile;
    let Some(state) =
        profile.shadow_state(services, &candidate.identity, &candidate.limits, recording)
    else {
        return Shadowed::Skipped("no_budget");
    };
    let Ok(_turn) = profile.turns.get(C::SLOT).try_acquire() else {
        return Shadowed::Skipped("turn");
    };
    let (outcome, mut state) = execute::<C>(candidate, state, deadline).await;
    state.attempt.password = None;
    match state.journal.ended() {
        Some(Ended::NotComparable(why)) => return Shadowed::NotComparable(why),
        Some(Ended::Skipped(why)) => return Shadowed::Skipped(why),
        None => {}
    }
    let time = state.processor_time();
    let spoiled = |error: &CallError| spoiled(error, time, tells_waiting());
    let was_told_unavailable = state.journal.was_told_unavailable();
    let returned = match outcome {
        Ok(Ok(returned)) => returned,
        Ok(Err(error)) if error.is::<NoRoom>() => return Shadowed::Skipped("memory"),
        Ok(Err(error)) => return spoiled(&error.into()),
        Err(_) if state.budget.host_works() => return Shadowed::Skipped("database"),
        // Its own bound of processor time comes long before: it hardly ran.
        Err(_) => return Shadowed::Skipped("processor"),
    };
    match decision::<C>(returned, state) {
        Ok((decision, state)) => Shadowed::Decided(decision, Box::new(state)),
        // It passed on what the recorded call was told, too.
        Err(CallError::Unavailable { .. }) if was_told_unavailable => {
            Shadowed::Skipped("unavailable")
        }
        // Nothing was unavailable: it made that up.
        Err(CallError::Unavailable { .. }) => Shadowed::Fault(Cause::Failure, time),
        Err(error) => spoiled(&error),
    }
}

/// Where the time that it waited for a processor is not known, it may have used up none of its own.
fn spoiled<A>(error: &CallError, time: Duration, knows_waiting: bool) -> Shadowed<A> {
    match error {
        CallError::Fault { cause: Cause::Deadline, .. } if !knows_waiting => {
            Shadowed::Skipped("processor")
        }
        CallError::Fault { cause, .. } => Shadowed::Fault(*cause, time),
        CallError::Unavailable { .. } => Shadowed::Skipped("instances"),
    }
}

impl Generation {
    /// The same release, with a budget of its own for shadows.
    #[must_use]
    pub fn shadowed(&self) -> Self {
        let profile = self.profile.shadows.as_ref().unwrap_or(&self.profile);
        Self {
            identity: Arc::clone(&self.identity),
            code: Arc::clone(&self.code),
            profile: Arc::clone(profile),
            limits: Arc::clone(&self.limits),
            counts: Arc::clone(&self.counts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_its_waiting_is_not_known_a_shadow_without_time_is_skipped() {
        let of =
            |cause, knows| spoiled::<()>(&CallError::fault(cause, "why"), Duration::ZERO, knows);
        assert!(matches!(of(Cause::Deadline, true), Shadowed::Fault(Cause::Deadline, _)));
        assert!(matches!(of(Cause::Deadline, false), Shadowed::Skipped("processor")));
        assert!(matches!(of(Cause::Panic, false), Shadowed::Fault(Cause::Panic, _)));
    }
}
