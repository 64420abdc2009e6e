//! `settings`: what the operator set for the policy. It cannot change during a call.

use serde_json::Value;

use super::state::CallState;
use crate::contract::TrappableFailure;
use crate::contract::bindings::settings;

impl settings::Host for CallState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        self.take(&[&name])?;
        Ok(self.identity.settings.get(&name).map(Value::to_string))
    }

    fn secret(&mut self, _name: String) -> Result<String, TrappableFailure> {
        todo!()
    }
}
