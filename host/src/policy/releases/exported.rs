//! What an exported release holds: a release with everything that it needs elsewhere.

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::signatures::Signature;
use crate::store::registry::Release;

/// The newest form that this host reads, and writes if a component is signed. Without signatures it
/// writes the first one, which every host reads.
pub const FORMAT: u32 = 2;
/// Without signatures.
pub(super) const UNSIGNED: u32 = 1;
/// One for each version of the WIT; more are not spoken at a time.
pub const MOST_COMPONENTS: usize = 8;

/// A release with everything that it needs elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub release: ExportedRelease,
    /// In the order of the release's components.
    pub components: Vec<Vec<u8>>,
}

/// What the first line says of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedRelease {
    pub place: String,
    /// The number that it has where it comes from.
    pub number: i64,
    pub author: String,
    pub message: String,
    /// A JSON object, as the registry keeps it.
    pub settings: String,
    /// SHA-256 of the settings' text, in hexadecimal.
    pub settings_sha256: String,
    /// A JSON object.
    pub grants: String,
    pub components: Vec<ExportedComponent>,
}

/// A component of it, whose bytes follow the first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedComponent {
    pub wit: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    pub size: u64,
    /// As a file of signatures has them, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
}

impl ExportedComponent {
    /// Whether a line of a file of signatures is one of this component, whoever made it; the
    /// sentence says what it is else.
    pub fn is_signed_by(&self, line: &str) -> Result<(), String> {
        let signature = Signature::read(line).map_err(|fault| fault.to_string())?;
        if signature.statement.component != self.sha256 {
            return Err(format!("it is of the component {}", signature.statement.component));
        }
        signature.holds_for(&signature.statement).map_err(|fault| fault.to_string())
    }
}

impl Exported {
    /// A release of the registry with its components' bytes, in the order of its components.
    /// One that was changed there since it was brought is none.
    pub fn of(release: &Release, components: Vec<Vec<u8>>) -> Result<Self, String> {
        if let Some(damage) = release.damage() {
            return Err(damage);
        }
        let named = release.components.iter().zip(&components);
        let described = named.map(|(component, bytes)| ExportedComponent {
            wit: component.wit.clone(),
            sha256: hex::sha256(bytes),
            size: bytes.len() as u64,
            signatures: Vec::new(),
        });
        let release = ExportedRelease {
            components: described.collect(),
            place: release.place.clone(),
            number: release.number,
            author: release.author.clone(),
            message: release.message.clone(),
            settings: release.settings.clone(),
            settings_sha256: hex::sha256(release.settings.as_bytes()),
            grants: release.grants.clone(),
        };
        Ok(Self { release, components })
    }
}

impl ExportedRelease {
    /// The form that it is written in.
    pub(super) fn format(&self) -> u32 {
        let is_signed = self.components.iter().any(|component| !component.signatures.is_empty());
        if is_signed { FORMAT } else { UNSIGNED }
    }
}
