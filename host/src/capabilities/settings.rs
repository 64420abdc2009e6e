//! `settings`: what the operator set for the policy. It cannot change during a call.

use serde_json::Value;

use super::forms::cut;
use super::state::CallState;
use crate::contract::bindings::settings;
use crate::contract::{Item, TrappableFailure};

/// Of a name that there is not, in the failure that says so.
const NAME_CHARACTERS: usize = 48;

impl settings::Host for CallState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        self.take(&[&name])?;
        Ok(self.identity.settings.get(&name).map(Value::to_string))
    }

    /// A shadow is told it, too: nothing that it does leaves the host.
    fn secret(&mut self, name: String) -> Result<String, TrappableFailure> {
        self.take(&[&name])?;
        let identity = &self.identity;
        let is_it = |item: &Item| matches!(item, Item::Secret(asked) if *asked == name);
        if !identity.grants.items().any(is_it) {
            return Err(TrappableFailure::denied(format!(
                "the secret {:?} is not among those that the manifest asks for (asks.secrets)",
                cut(&name, NAME_CHARACTERS)
            )));
        }
        let (secrets, place) = (&self.services.secrets, identity.slot.as_str());
        let told = self.secrets.get_or(&name, || secrets.get(place, &name));
        // A release whose secrets are not there is not prepared.
        let value = told.ok_or(TrappableFailure::Unavailable(None))?;
        Ok(value.to_string())
    }
}
