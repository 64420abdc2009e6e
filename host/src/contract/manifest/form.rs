//! The form of a manifest, and what the host looks up in it. What stands in one has kept the rules
//! of its reading.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contract::{Asks, Slot};

/// The custom section of the component that holds it.
pub const SECTION: &str = "auth-policy-manifest";

/// What a component says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `[a-z][a-z0-9-]{0,31}`; policy events carry it.
    pub name: String,
    /// For people, at most 32 characters.
    pub version: String,
    /// The only slot that takes it.
    pub slot: Slot,
    /// One sentence, for the served documentation.
    #[serde(default)]
    pub description: String,
    /// The codes of its refusals.
    #[serde(default)]
    pub refusals: BTreeMap<String, RefusalCode>,
    /// JSON Schema of the request: documents it, and says which members reach the policy.
    #[serde(default)]
    pub request: Map<String, Value>,
    /// JSON Schema of its settings: documents them.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Names of the claims that it may add to an access token.
    #[serde(default)]
    pub claims: Vec<String>,
    /// Names of the events that it may append.
    #[serde(default)]
    pub events: Vec<String>,
    /// What it asks for besides.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub asks: Asks,
}

/// What becomes of a refusal's code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalCode {
    /// 400, 401, 403, 409, 422 or 429; without, the slot's usual one.
    #[serde(default)]
    pub status: Option<u16>,
    /// For the served documentation.
    #[serde(default)]
    pub description: String,
}

impl Manifest {
    /// The members of the request that reach the policy.
    pub fn declares(&self, member: &str) -> bool {
        self.request
            .get("properties")
            .and_then(Value::as_object)
            .is_some_and(|properties| properties.contains_key(member))
    }

    /// The status of a declared code.
    pub fn status(&self, code: &str) -> Option<u16> {
        self.refusals
            .get(code)
            .map(|refusal| refusal.status.unwrap_or_else(|| self.slot.default_refusal_status()))
    }
}
