//! What admission found out about a component that passed: kept with its release, and told to
//! whoever brought it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::asks;
use super::check::Checked;
use crate::contract::{Manifest, Slot, wit};
use crate::hex;

/// What is known of a component that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionReport {
    /// SHA-256, in hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub size: u64,
    /// The version of the WIT that it is built for, such as `0.2.0`.
    pub wit: String,
    /// Whether this host speaks that version. If not, only size, kind and manifest were looked at:
    /// a host that speaks it checks the rest.
    pub spoken: bool,
    /// What its manifest names; none only if this host does not know the word.
    pub slot: Option<Slot>,
    /// What it says of itself, a JSON object.
    pub manifest: Value,
    /// The interfaces and functions that it imports.
    pub imports: Vec<String>,
    /// What somebody should know of it, in sentences.
    pub notes: Vec<String>,
    /// The version of the host that checked it.
    pub host: String,
    /// How long that took.
    pub milliseconds: u64,
}

impl AdmissionReport {
    /// Of a component that this host can serve.
    pub(super) fn of(checked: Checked, bytes: &[u8]) -> Self {
        let Checked { digest, manifest, imports, wit } = checked;
        let notes = asks::notes(&manifest, &imports);
        Self {
            digest,
            size: bytes.len() as u64,
            wit,
            spoken: true,
            slot: Some(manifest.slot),
            manifest: serde_json::to_value(manifest).unwrap_or_default(),
            imports,
            notes,
            host: env!("CARGO_PKG_VERSION").to_owned(),
            milliseconds: 0,
        }
    }

    /// Of a component for another version of the contract.
    pub(super) fn unspoken(
        bytes: &[u8],
        wit: String,
        manifest: Value,
        imports: Vec<String>,
    ) -> Self {
        let note = format!(
            "It is built for auth:policy@{wit}; this host takes auth:policy@{} and has looked at \
             its size, kind and manifest only.",
            wit::version()
        );
        Self {
            digest: hex::sha256(bytes),
            size: bytes.len() as u64,
            wit,
            spoken: false,
            slot: Slot::deserialize(&manifest["slot"]).ok(),
            manifest,
            imports,
            notes: vec![note],
            host: env!("CARGO_PKG_VERSION").to_owned(),
            milliseconds: 0,
        }
    }

    /// As the host takes it from the process that admits: what it can tell itself, it does.
    pub(super) fn taken(self, digest: String, bytes: &[u8], begin: Instant) -> Self {
        let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { digest, size: bytes.len() as u64, milliseconds, ..self }
    }

    /// What it says of itself, if that keeps the rules of this host's manifests.
    pub fn read_manifest(&self) -> Option<Manifest> {
        Manifest::deserialize(&self.manifest).ok()
    }
}
