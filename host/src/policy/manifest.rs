//! The manifest: a JSON text in a custom section of the component. It says who the policy is, which
//! refusals it can give and what it reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Slot;
use crate::tokens::RESERVED_CLAIMS;

/// The name of the custom section.
pub const SECTION: &str = "auth-policy-manifest";
/// The most bytes of a manifest.
pub const MAX_BYTES: usize = 64 * 1024;

/// Codes that the host itself answers with.
pub const RESERVED_CODES: [&str; 18] = [
    "malformed_json",
    "missing_field",
    "wrong_type",
    "duplicate_key",
    "body_too_large",
    "unsupported_media_type",
    "not_found",
    "method_not_allowed",
    "timeout",
    "already_exists",
    "invalid_token",
    "policy_fault",
    "unavailable",
    "busy",
    "internal",
    "outcome_unknown",
    "no_policy",
    "conflict",
];

/// What a component says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `[a-z][a-z0-9-]{0,31}`; policy events carry it.
    pub name: String,
    /// For people, at most 32 characters.
    pub version: String,
    /// Where it belongs.
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
    /// Reads a manifest; all that is wrong with it, where something is.
    pub fn read(text: &[u8]) -> Result<Self, Vec<String>> {
        if text.len() > MAX_BYTES {
            return Err(vec![format!(
                "the manifest has {} bytes; at most {MAX_BYTES} are allowed",
                text.len()
            )]);
        }
        let manifest: Self = serde_json::from_slice(text)
            .map_err(|fault| vec![format!("the manifest cannot be read: {fault}")])?;
        let faults = manifest.faults();
        if faults.is_empty() { Ok(manifest) } else { Err(faults) }
    }

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

    /// What is wrong with settings, measured by the manifest's schema: a misspelt name must not go
    /// unnoticed.
    pub fn check_settings(&self, settings: &Map<String, Value>) -> Result<(), Vec<String>> {
        let schema = Value::Object(self.settings.clone());
        let settings = Value::Object(settings.clone());
        let validator = jsonschema::validator_for(&schema).map_err(|fault| {
            vec![format!("settings: the manifest's schema is not valid: {fault}")]
        })?;
        let faults: Vec<String> = validator
            .iter_errors(&settings)
            .map(|fault| format!("the settings{}: {}", fault.instance_path(), fault.masked()))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |good: bool, fault: String| {
            if !good {
                faults.push(fault);
            }
        };
        check(
            is_name(&self.name, '-', 32),
            format!("name {:?}: must be [a-z][a-z0-9-]{{0,31}}", self.name),
        );
        check(
            !self.version.is_empty()
                && self.version.len() <= 32
                && self.version.bytes().all(|byte| byte.is_ascii_graphic()),
            format!("version {:?}: must be 1 to 32 visible characters", self.version),
        );
        check(self.description.len() <= 1024, "description: must be at most 1,024 bytes".into());
        check(self.refusals.len() <= 32, "refusals: at most 32 codes".into());
        for (code, refusal) in &self.refusals {
            check(
                is_name(code, '_', 48),
                format!("refusals: code {code:?} must be [a-z][a-z0-9_]{{0,47}}"),
            );
            check(
                !RESERVED_CODES.contains(&code.as_str()),
                format!("refusals: code {code:?} is the host's own"),
            );
            check(
                refusal
                    .status
                    .is_none_or(|status| [400, 401, 403, 409, 422, 429].contains(&status)),
                format!("refusals: code {code:?}: status must be 400, 401, 403, 409, 422 or 429"),
            );
        }
        check(self.claims.len() <= 16, "claims: at most 16 names".into());
        for claim in &self.claims {
            check(
                is_name(claim, '_', 32),
                format!("claims: {claim:?} must be [a-z][a-z0-9_]{{0,31}}"),
            );
            check(
                !RESERVED_CLAIMS.contains(&claim.as_str()),
                format!("claims: {claim:?} is set by the host only"),
            );
        }
        check(self.events.len() <= 16, "events: at most 16 names".into());
        for event in &self.events {
            check(
                is_name(event, '_', 32),
                format!("events: {event:?} must be [a-z][a-z0-9_]{{0,31}}"),
            );
        }
        for (name, schema) in [("request", &self.request), ("settings", &self.settings)] {
            let schema = Value::Object(schema.clone());
            check(depth(&schema) <= 16, format!("{name}: is nested deeper than 16"));
            check(!has_reference(&schema), format!("{name}: \"$ref\" is not allowed"));
        }
        faults
    }
}

/// `[a-z][a-z0-9]*` with one more character allowed inside.
pub fn is_name(text: &str, separator: char, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_reference),
        Value::Object(members) => {
            members.contains_key("$ref") || members.values().any(has_reference)
        }
        _ => false,
    }
}
