//! Why a call came to no decision: a fault of the policy, or a host that could not do its part.

use wasmtime::Trap;

use crate::capabilities::{BoundExceeded, NoRoom};
use crate::contract::Limits;
use crate::contract::bindings::types::Failure;
use crate::policy::health::Cause;

/// A call without a decision. Nothing was written.
#[derive(Debug)]
pub enum CallError {
    /// The policy spoiled it.
    Fault {
        /// Counted with the slot, and logged.
        cause: Cause,
        /// For the log only; some of it may be the policy's own text.
        detail: String,
    },
    /// The host could not do its part.
    Unavailable {
        /// Seconds after which to try again.
        retry_after: u32,
        /// Whether it has more work than it can do, rather than a part that is away.
        busy: bool,
        /// For the log only: no caller sees it.
        detail: String,
    },
}

impl CallError {
    /// The policy decided something that the host does not carry out.
    pub fn decision(detail: impl Into<String>) -> Self {
        Self::fault(Cause::Decision, detail)
    }

    /// The database or another part of the host is away.
    pub fn unavailable(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { retry_after: 1, busy: false, detail: detail.to_string() }
    }

    /// The host has more work than it can do.
    pub fn busy(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { retry_after: 1, busy: true, detail: detail.to_string() }
    }

    /// The policy passed a failure on, or made one; `busy` if the host was.
    pub(super) fn failed(failure: Failure, busy: bool, limits: &Limits) -> Self {
        match failure {
            Failure::Unavailable(seconds) => Self::Unavailable {
                retry_after: seconds.unwrap_or(1).min(limits.unavailable_seconds),
                busy,
                detail: "a capability was not available".into(),
            },
            Failure::Denied(text) => Self::fault(Cause::Failure, format!("denied: {text}")),
            Failure::Limit(text) => Self::fault(Cause::Failure, format!("limit: {text}")),
            Failure::Other(text) => Self::fault(Cause::Failure, format!("other: {text}")),
        }
    }

    pub(super) fn fault(cause: Cause, detail: impl Into<String>) -> Self {
        Self::Fault { cause, detail: detail.into() }
    }
}

impl From<wasmtime::Error> for CallError {
    fn from(error: wasmtime::Error) -> Self {
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Self::busy("the pool of instances is exhausted");
        }
        if let Some(no_room) = error.downcast_ref::<NoRoom>() {
            return Self::busy(no_room);
        }
        let cause = match (error.downcast_ref::<Trap>(), error.downcast_ref::<BoundExceeded>()) {
            (None, Some(BoundExceeded::ProcessorTime { .. })) => Cause::Deadline,
            (Some(Trap::StackOverflow), _) => Cause::StackOverflow,
            (Some(Trap::UnreachableCodeReached), _) => Cause::Panic,
            (Some(_), _) => Cause::Trap,
            (None, Some(BoundExceeded::Memory { .. })) => Cause::Memory,
            (
                None,
                Some(
                    BoundExceeded::HostCalls { .. }
                    | BoundExceeded::Entries { .. }
                    | BoundExceeded::Arriving { .. },
                ),
            ) => Cause::HostCalls,
            (None, None) => Cause::Contract,
        };
        Self::fault(cause, format!("{error:#}"))
    }
}
