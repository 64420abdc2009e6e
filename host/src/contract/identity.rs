//! Which policy a call belongs to.

use serde_json::{Map, Value};

use super::{Grants, Manifest, Slot};

/// Which policy a call belongs to; it does not change while the call runs.
#[derive(Debug)]
pub struct Identity {
    /// The slot that it serves in; its storage and throttle keys belong to it.
    pub slot: Slot,
    /// The number of the release within its place.
    pub release: u64,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What the operator set for it.
    pub settings: Map<String, Value>,
    /// What it asks for, and what it was therefore granted when it was deployed: it may do no more.
    pub grants: Grants,
}
