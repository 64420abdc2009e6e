//! `outbox`: events that reach the broker if and only if the decision is committed.

use serde_json::Value;

use super::forms::json;
use super::state::CallState;
use crate::contract::bindings::outbox;
use crate::contract::{Slot, TrappableFailure};
use crate::events::NewEvent;

impl outbox::Host for CallState {
    fn append(
        &mut self,
        event: String,
        data: String,
        key: Option<String>,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&event, &data, &key])?;
        self.budget.charge(&self.limits)?;
        let (manifest, limits) = (&self.identity.manifest, &self.limits.outbox);
        if !manifest.events.contains(&event) {
            return Err(TrappableFailure::denied(format!(
                "the manifest does not declare the event {event:?}"
            )));
        }
        // Events of a registration are committed with its acceptance only.
        if self.identity.slot != Slot::Register {
            self.require_proof()?;
        }
        self.outbox.has_room(limits)?;
        if key.as_ref().is_some_and(|key| !(1..=limits.key_bytes).contains(&key.len())) {
            return Err(TrappableFailure::limit(format!(
                "an ordering key of 1 to {} bytes",
                limits.key_bytes
            )));
        }
        let argument = format!("outbox.append: the data of {event:?}");
        let Value::Object(data) = json(&argument, &data, limits.data_bytes)? else {
            return Err(TrappableFailure::other(format!("{argument} must be a JSON object")));
        };
        let traceparent = &self.request.traceparent;
        let event = NewEvent::of_policy(&manifest.name, &event, data, key.as_deref(), traceparent);
        self.outbox.add(event);
        Ok(())
    }
}
