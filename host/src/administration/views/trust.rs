//! Who signed what, and what is granted to whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET` and `POST /v1/places/{place}/grants`: what policies of a place may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantsView {
    pub place: String,
    /// Items such as `interface:storage` or `http:GET https://api.example.com`, beyond what every
    /// policy may do.
    pub granted: Vec<String>,
    /// What every policy of the place may do.
    pub base: Vec<String>,
    /// What the release that serves asks for; none if nothing serves.
    #[serde(default)]
    pub asked: Option<Vec<String>>,
    /// Whether whatever a release asks for is granted (`POLICY_GRANT_ALL`).
    #[serde(default)]
    pub all: bool,
}

/// `POST /v1/places/{place}/grants`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrantsView {
    /// Items to grant.
    #[serde(default)]
    pub add: Vec<String>,
    /// Items to grant no more.
    #[serde(default)]
    pub remove: Vec<String>,
    /// The number of a release of the place: all that it asks for is granted.
    #[serde(default)]
    pub release: Option<i64>,
    #[serde(default)]
    pub message: String,
}

/// `GET` and `POST /v1/components/{digest}/signatures`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignaturesView {
    /// SHA-256 of the component, in hexadecimal.
    pub component: String,
    pub place: String,
    /// Of its manifest.
    pub name: String,
    pub version: String,
    pub signatures: Vec<SignatureView>,
    pub trust: TrustView,
}

/// A signature as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignatureView {
    /// The fingerprint of the key, `SHA256:…`.
    pub key: String,
    /// What the operator of the replica that answers calls it, if it knows it.
    pub name: Option<String>,
    /// `good`, `unknown`, `ended`, `withdrawn`, `other_place`, `wrong`.
    pub state: String,
    pub added_at: String,
    pub added_by: String,
    /// The signature itself, as a file of signatures has it.
    pub line: String,
}

/// Whether a component would be deployed anew, by the replica that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustView {
    pub trusted: bool,
    /// Signatures of different trusted keys that the place wants; 0: it is taken without.
    pub needed: u32,
    /// The names of the keys that count.
    pub signed_by: Vec<String>,
    /// Why not, each with what to do.
    pub reasons: Vec<String>,
}

/// `POST /v1/components/{digest}/signatures`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignaturesView {
    /// Lines of a file of signatures.
    pub signatures: Vec<String>,
}
