//! `types`: the caller, refusals, and how a capability fails.

use wasmtime::component::Resource;

use super::forms::cut;
use super::state::CallState;
use crate::contract::bindings::types::{self, Failure};
use crate::contract::{Caller, Refusal, TrappableFailure};
use crate::errors::Field;

impl types::Host for CallState {
    fn convert_failure(&mut self, error: TrappableFailure) -> wasmtime::Result<Failure> {
        Ok(match error {
            TrappableFailure::Unavailable(seconds) => Failure::Unavailable(seconds),
            TrappableFailure::Denied(text) => Failure::Denied(text),
            TrappableFailure::Limit(text) => Failure::Limit(text),
            TrappableFailure::Other(text) => Failure::Other(text),
            TrappableFailure::Trap(error) => return Err(error),
        })
    }
}

impl types::HostCaller for CallState {
    fn request_id(&mut self, _caller: Resource<Caller>) -> wasmtime::Result<String> {
        Ok(self.request.id.clone())
    }

    fn address(&mut self, _caller: Resource<Caller>) -> wasmtime::Result<Option<String>> {
        Ok(self.request.address.clone())
    }

    fn user_agent(&mut self, _caller: Resource<Caller>) -> wasmtime::Result<Option<String>> {
        Ok(self.request.user_agent.clone())
    }

    fn received_at(&mut self, _caller: Resource<Caller>) -> wasmtime::Result<u64> {
        Ok(self.request.received_at.unsigned_abs())
    }

    fn drop(&mut self, _caller: Resource<Caller>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl types::HostRefusal for CallState {
    fn new(&mut self, code: String, message: String) -> wasmtime::Result<Resource<Refusal>> {
        self.take(&[&code, &message])?;
        let (hidden, limits) = (self.hidden(), &self.limits.refusal);
        Ok(self.table.push(Refusal {
            code: cut(&hidden.hide(&code), limits.code_characters),
            message: cut(&hidden.hide(&message), limits.message_characters),
            ..Refusal::default()
        })?)
    }

    fn add_field(
        &mut self,
        refusal: Resource<Refusal>,
        field: String,
        code: String,
        message: String,
    ) -> wasmtime::Result<()> {
        self.take(&[&field, &code, &message])?;
        let (hidden, limits) = (self.hidden(), &self.limits.refusal);
        let text = |text: &str, characters| cut(&hidden.hide(text), characters);
        let fields = &mut self.table.get_mut(&refusal)?.fields;
        if fields.len() < limits.fields {
            fields.push(Field {
                field: text(&field, limits.field_characters),
                code: text(&code, limits.field_code_characters),
                message: text(&message, limits.field_message_characters),
            });
        }
        Ok(())
    }

    fn set_retry_after(
        &mut self,
        refusal: Resource<Refusal>,
        seconds: u32,
    ) -> wasmtime::Result<()> {
        let most = self.limits.refusal.retry_after_seconds;
        self.table.get_mut(&refusal)?.retry_after = Some(seconds.clamp(1, most));
        Ok(())
    }

    fn drop(&mut self, refusal: Resource<Refusal>) -> wasmtime::Result<()> {
        self.table.delete(refusal)?;
        Ok(())
    }
}
