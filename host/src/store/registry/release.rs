//! Components and releases.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::hex;

/// A component with its bytes.
#[derive(Debug, Clone)]
pub struct Component {
    pub info: ComponentInfo,
    pub bytes: Arc<[u8]>,
}

impl Component {
    /// What shows that its bytes are not those that were brought, in a sentence; none if they are:
    /// nothing of it is to be used then. It hashes all of them: beside the request threads.
    pub fn damage(&self) -> Option<String> {
        let (digest, actual) = (&self.info.digest, hex::sha256(&self.bytes));
        (actual != *digest).then(|| {
            format!(
                "the registry holds other bytes under the digest {digest}: their SHA-256 is \
                 {actual}. Find out who changed them, and push the component again"
            )
        })
    }
}

/// What is known of a component without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentInfo {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// The version of the WIT that it was built for, such as `0.2.0`.
    pub wit: String,
    /// Its manifest, a JSON object.
    pub manifest: String,
    /// How many bytes it has.
    pub size: i64,
    pub pushed_at: Timestamp,
    /// The name of the token, or `directory`.
    pub pushed_by: String,
}

/// Where a release comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Somebody pushed it.
    Push,
    /// It lay in the policy directory.
    Directory,
    /// It was exported elsewhere.
    Import,
}

/// A component of a release: one for each version of the WIT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseComponent {
    pub wit: String,
    pub digest: String,
}

/// A release that is to be kept; it gets the next number of its place.
#[derive(Debug, Clone)]
pub struct NewRelease {
    pub place: String,
    /// All of them are in the registry already.
    pub components: Vec<ReleaseComponent>,
    /// A JSON object.
    pub settings: String,
    /// What an operator granted, a JSON object.
    pub grants: String,
    pub source: Source,
    /// Who brought it: the name of a token.
    pub author: String,
    pub message: String,
    /// What admission said when it was brought, a JSON object.
    pub report: String,
}

/// A release: it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub place: String,
    pub number: i64,
    pub components: Vec<ReleaseComponent>,
    pub settings: String,
    /// SHA-256 of the settings' text, in hexadecimal.
    pub settings_digest: String,
    pub grants: String,
    pub source: Source,
    pub author: String,
    pub message: String,
    pub report: String,
    pub created_at: Timestamp,
    /// When it served for the first time; only such a one can be rolled back to.
    pub first_active_at: Option<Timestamp>,
}

impl Release {
    /// What shows that its row is no release that anybody brought, in a sentence; none if nothing
    /// does. Nothing of it is to be used then: to guess at it would give a place, or another
    /// environment, the defaults instead of what was set.
    pub fn damage(&self) -> Option<String> {
        let Self { place, number, settings_digest, .. } = self;
        let actual = hex::sha256(self.settings.as_bytes());
        let is_object = |text: &str| {
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object())
        };
        let what = if actual != *settings_digest {
            format!(
                "other settings than it was brought with: their SHA-256 is {actual}, not \
                 {settings_digest}"
            )
        } else if !is_object(&self.settings) {
            "settings that are no JSON object".to_owned()
        } else if !is_object(&self.grants) {
            "grants that are no JSON object".to_owned()
        } else if self.components.is_empty() {
            "no components".to_owned()
        } else {
            return None;
        };
        Some(format!(
            "the registry holds {place}/{number} with {what}. Find out who changed it, and push it \
             again from its sources"
        ))
    }
}

/// What was pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    pub releases: u64,
    pub components: u64,
    /// Of the components.
    pub bytes: u64,
}

impl Pruned {
    /// With what was pruned next.
    pub(in crate::store) fn and(self, next: Self) -> Self {
        Self {
            releases: self.releases + next.releases,
            components: self.components + next.components,
            bytes: self.bytes + next.bytes,
        }
    }
}
