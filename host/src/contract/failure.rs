//! How a capability ends early.

use wasmtime::component::ResourceTableError;

/// How a capability ends early: with a failure that the policy sees and may answer in its own way,
/// or with the end of the call. The failures are those of the WIT.
#[derive(Debug)]
pub enum TrappableFailure {
    /// The database or another service of the host is away; seconds after which to try again.
    Unavailable(Option<u32>),
    /// The policy may not do this, or not yet; the text says what is missing.
    Denied(String),
    /// A bound was reached; the text names it.
    Limit(String),
    /// Anything else, most often an argument that is not of the form asked for.
    Other(String),
    /// A forged handle, or a bound that the policy ignored: the call ends.
    Trap(wasmtime::Error),
}

impl TrappableFailure {
    /// [`Self::Denied`], with a text.
    pub fn denied(text: impl Into<String>) -> Self {
        Self::Denied(text.into())
    }

    /// [`Self::Limit`], with a text.
    pub fn limit(text: impl Into<String>) -> Self {
        Self::Limit(text.into())
    }

    /// [`Self::Other`], with a text.
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}

impl From<ResourceTableError> for TrappableFailure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}
