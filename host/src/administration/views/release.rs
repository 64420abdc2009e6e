//! Components and releases.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::trust::TrustView;
use crate::store::registry::Source;

/// A release: it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseView {
    #[schema(example = "login/42")]
    pub release: String,
    pub place: String,
    pub number: i64,
    pub components: Vec<ReleaseComponentView>,
    pub settings: Map<String, Value>,
    /// SHA-256 of the settings' text, in hexadecimal.
    pub settings_digest: String,
    pub grants: Map<String, Value>,
    /// `push`, `directory` or `import`.
    #[schema(value_type = String, example = "push")]
    pub source: Source,
    /// The name of the token that brought it, or `directory`.
    pub author: String,
    pub message: String,
    /// What admission said when it was brought.
    pub report: Map<String, Value>,
    pub created_at: String,
    /// When it served for the first time; only such a one can be rolled back to.
    pub first_active_at: Option<String>,
    /// Whether it serves now.
    pub active: bool,
    /// What it asks for, as items: `interface:storage`, `http:GET https://api.example.com`.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Those of them that are not granted to its place now.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Whether it would be deployed anew, as far as signatures go; none: it was not looked at.
    #[serde(default)]
    pub trust: Option<TrustView>,
    /// What shows that the registry's row was changed: it is not to be used then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

/// A component of a release: one for each version of the WIT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseComponentView {
    #[schema(example = "0.2.0")]
    pub wit: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
}

/// `GET /v1/releases`: a page of releases, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleasesView {
    pub releases: Vec<ReleaseView>,
    /// What to give as `before` for the next page; none: there is no more.
    pub next: Option<i64>,
}

/// `POST /v1/releases`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReleaseView {
    #[schema(example = "login")]
    pub place: String,
    /// Digests of components that were put before, one for each version of the WIT.
    pub components: Vec<String>,
    #[serde(default)]
    pub settings: Map<String, Value>,
    pub message: String,
    /// `push` or `import`.
    #[serde(default = "push")]
    #[schema(value_type = String, example = "push")]
    pub source: Source,
}

fn push() -> Source {
    Source::Push
}

/// `PUT /v1/components/{digest}`: a component that passed its checks and is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComponentView {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// The version of the WIT that it was built for.
    pub wit: String,
    pub manifest: Map<String, Value>,
    /// How many bytes it has.
    pub size: i64,
    pub pushed_at: String,
    pub pushed_by: String,
    /// Whether it was not kept before.
    pub new: bool,
}
