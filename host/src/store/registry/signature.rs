//! Signatures of components, as they are kept.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::signatures::MOST_SIGNATURES;

/// A signature of a component: one of each key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSignature {
    /// The fingerprint of the key.
    pub key: String,
    /// The signature, as a file of signatures has it.
    pub line: String,
    pub added_at: Timestamp,
    /// The name of a token, or `directory`.
    pub added_by: String,
}

impl StoredSignature {
    /// So many are kept of a component.
    pub const MOST: usize = MOST_SIGNATURES;
}
