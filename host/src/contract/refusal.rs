//! How a policy says no.

use crate::errors::Field;

/// A refusal as the policy builds it.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// Declared in the manifest, or the call is a fault.
    pub code: String,
    /// For people; it tells no more than the caller may know.
    pub message: String,
    /// Members of the request that are at fault.
    pub fields: Vec<Field>,
    /// Seconds, for `Retry-After`; the answer's status is then 429.
    pub retry_after: Option<u32>,
}
