//! What can be wrong with keys and signatures.

/// Why a key cannot be used. What it holds is never told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyFault(pub String);

/// Why a signature cannot be read or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignatureFault(pub String);
