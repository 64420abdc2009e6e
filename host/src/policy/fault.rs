//! Why a call came to no decision: the policy's fault, or the host's.

use wasmtime::Trap;

use super::limits::BoundExceeded;

/// Why a call can be a policy's fault; the label `cause` of the metric.
pub const CAUSES: [&str; 9] = [
    "panic",
    "deadline",
    "memory",
    "stack_overflow",
    "host_calls",
    "contract",
    "decision",
    "failed",
    "trap",
];

/// A call without a decision. Nothing was written.
#[derive(Debug)]
pub enum CallError {
    /// The policy spoiled it; `cause` is a label of the metric.
    Fault {
        /// One of [`CAUSES`].
        cause: &'static str,
        /// For the log.
        detail: String,
    },
    /// The host could not do its part.
    Unavailable {
        /// Seconds after which to try again.
        retry_after: u32,
        /// For the log.
        detail: String,
    },
}

impl CallError {
    /// The policy decided something that the host does not carry out.
    pub fn decision(detail: impl Into<String>) -> Self {
        Self::Fault { cause: "decision", detail: detail.into() }
    }

    /// The database or another part of the host is away.
    pub fn unavailable(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { retry_after: 1, detail: detail.to_string() }
    }
}

impl From<wasmtime::Error> for CallError {
    fn from(error: wasmtime::Error) -> Self {
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Self::unavailable("the pool of instances is exhausted");
        }
        let cause = match (error.downcast_ref::<Trap>(), error.downcast_ref::<BoundExceeded>()) {
            (Some(Trap::Interrupt), _) => "deadline",
            (Some(Trap::StackOverflow), _) => "stack_overflow",
            (Some(Trap::UnreachableCodeReached), _) => "panic",
            (Some(_), _) => "trap",
            (None, Some(BoundExceeded::Memory)) => "memory",
            (None, Some(BoundExceeded::HostCalls)) => "host_calls",
            // What the canonical ABI refuses: forged handles, too many handles, values that are too
            // large.
            (None, None) => "contract",
        };
        Self::Fault { cause, detail: format!("{error:#}") }
    }
}
