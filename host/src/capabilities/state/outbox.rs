//! `outbox`: the events that a call appends with its decision.

use crate::contract::{OutboxLimits, TrappableFailure};
use crate::events::NewEvent;

/// Events that wait for the decision, in the order in which they were appended.
#[derive(Debug, Default)]
pub struct Appended(pub(super) Vec<NewEvent>);

impl Appended {
    /// Fails if there is no room for another one.
    pub(crate) fn has_room(&self, limits: &OutboxLimits) -> Result<(), TrappableFailure> {
        if self.0.len() >= limits.events {
            return Err(TrappableFailure::limit(format!(
                "at most {} events in a call",
                limits.events
            )));
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, event: NewEvent) {
        self.0.push(event);
    }
}
