//! `types`: the caller, refusals, and how a capability fails.

use wasmtime::component::{Resource, ResourceTableError};

use super::CallState;
use super::values::cut;
use crate::policy::bindings::types::{self, Failure};

/// A handle to who asks; the data are the call's.
pub struct Caller;

/// A refusal as the policy builds it.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// Declared in the manifest, or the call is a fault.
    pub code: String,
    /// For people.
    pub message: String,
    /// Members of the request that are at fault.
    pub fields: Vec<Field>,
    /// Seconds.
    pub retry_after: Option<u32>,
}

/// A member of the request that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Field {
    /// The member's name.
    pub field: String,
    /// Stable, for machines.
    pub code: String,
    /// For people.
    pub message: String,
}

/// How a capability ends early: with a failure that the policy sees, or with the end of the call.
#[derive(Debug)]
pub enum Stop {
    /// The policy sees it.
    Failure(Failure),
    /// A forged handle, or a bound that the policy ignored.
    Trap(wasmtime::Error),
}

impl Stop {
    pub(super) fn limit(text: impl Into<String>) -> Self {
        Self::Failure(Failure::Limit(text.into()))
    }

    pub(super) fn denied(text: impl Into<String>) -> Self {
        Self::Failure(Failure::Denied(text.into()))
    }

    pub(super) fn other(text: impl Into<String>) -> Self {
        Self::Failure(Failure::Other(text.into()))
    }
}

impl From<ResourceTableError> for Stop {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl types::Host for CallState {
    fn convert_failure(&mut self, error: Stop) -> wasmtime::Result<Failure> {
        match error {
            Stop::Failure(failure) => Ok(failure),
            Stop::Trap(error) => Err(error),
        }
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
        Ok(self.table.push(Refusal {
            code: cut(&code, 48),
            message: cut(&message, 256),
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
        let fields = &mut self.table.get_mut(&refusal)?.fields;
        if fields.len() < 16 {
            fields.push(Field {
                field: cut(&field, 64),
                code: cut(&code, 64),
                message: cut(&message, 256),
            });
        }
        Ok(())
    }

    fn set_retry_after(
        &mut self,
        refusal: Resource<Refusal>,
        seconds: u32,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&refusal)?.retry_after = Some(seconds.min(86_400));
        Ok(())
    }

    fn drop(&mut self, refusal: Resource<Refusal>) -> wasmtime::Result<()> {
        self.table.delete(refusal)?;
        Ok(())
    }
}
