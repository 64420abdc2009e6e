//! Errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ErrorBody)]
pub struct ErrorView {
    /// For people, with what to do about it.
    #[schema(
        example = "login is frozen by ann until 2027-01-02T08:00:00Z: holidays. Wait, or unfreeze it"
    )]
    pub error: String,
    /// Stable, for machines.
    #[schema(example = "frozen")]
    pub code: String,
    /// As in `X-Request-ID`.
    #[serde(default)]
    pub request_id: String,
    /// Members of the request that are at fault, if some are.
    #[serde(default)]
    pub fields: Vec<FieldView>,
    /// All that admission found (`refused`), if that is what it is about.
    #[serde(default)]
    pub reasons: Vec<ReasonView>,
}

/// A member of the request that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldView {
    pub field: String,
    pub code: String,
    pub message: String,
}

/// A fault of a component or its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether other settings would do.
    pub of_settings: bool,
}
