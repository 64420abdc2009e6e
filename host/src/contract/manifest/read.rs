//! Reading a manifest. It is held to every rule, so that an author hears of all faults in one
//! round.

use serde_json::{Map, Value};

use super::fault::ManifestFault;
use super::form::Manifest;
use crate::contract::names::is_name;
use crate::errors::catalogue;
use crate::tokens::RESERVED_CLAIMS;

const MAX_BYTES: usize = 64 * 1024;
const MAX_SCHEMA_DEPTH: usize = 16;

impl Manifest {
    /// Reads a manifest; every rule that it breaks, if it breaks one.
    pub fn read(text: &[u8]) -> Result<Self, Vec<ManifestFault>> {
        if text.len() > MAX_BYTES {
            return Err(vec![ManifestFault::TooLarge { bytes: text.len(), most: MAX_BYTES }]);
        }
        let manifest: Self = serde_json::from_slice(text)
            .map_err(|error| vec![ManifestFault::Unreadable(error.to_string())])?;
        let mut faults = Vec::new();
        manifest.check_itself(&mut faults);
        manifest.check_refusals(&mut faults);
        manifest.check_claims(&mut faults);
        manifest.check_events(&mut faults);
        check_schema("request", &manifest.request, &mut faults);
        check_schema("settings", &manifest.settings, &mut faults);
        if faults.is_empty() { Ok(manifest) } else { Err(faults) }
    }

    fn check_itself(&self, faults: &mut Vec<ManifestFault>) {
        if !is_name(&self.name, '-', 32) {
            faults.push(ManifestFault::Name(self.name.clone()));
        }
        let visible = self.version.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=32).contains(&self.version.len()) || !visible {
            faults.push(ManifestFault::Version(self.version.clone()));
        }
        if self.description.len() > 1024 {
            faults.push(ManifestFault::Description);
        }
    }

    fn check_refusals(&self, faults: &mut Vec<ManifestFault>) {
        if self.refusals.len() > 32 {
            faults.push(ManifestFault::RefusalCount);
        }
        for (code, refusal) in &self.refusals {
            if !is_name(code, '_', 48) {
                faults.push(ManifestFault::RefusalCode(code.clone()));
            }
            if catalogue::is_reserved(code) {
                faults.push(ManifestFault::ReservedCode(code.clone()));
            }
            if refusal
                .status
                .is_some_and(|status| ![400, 401, 403, 409, 422, 429].contains(&status))
            {
                faults.push(ManifestFault::RefusalStatus(code.clone()));
            }
        }
    }

    fn check_claims(&self, faults: &mut Vec<ManifestFault>) {
        if self.claims.len() > 16 {
            faults.push(ManifestFault::ClaimCount);
        }
        for claim in &self.claims {
            if !is_name(claim, '_', 32) {
                faults.push(ManifestFault::ClaimName(claim.clone()));
            }
            if RESERVED_CLAIMS.contains(&claim.as_str()) {
                faults.push(ManifestFault::ReservedClaim(claim.clone()));
            }
        }
    }

    fn check_events(&self, faults: &mut Vec<ManifestFault>) {
        if self.events.len() > 16 {
            faults.push(ManifestFault::EventCount);
        }
        for event in self.events.iter().filter(|event| !is_name(event, '_', 32)) {
            faults.push(ManifestFault::EventName(event.clone()));
        }
    }
}

fn check_schema(
    member: &'static str,
    schema: &Map<String, Value>,
    faults: &mut Vec<ManifestFault>,
) {
    let schema = Value::Object(schema.clone());
    if depth(&schema) > MAX_SCHEMA_DEPTH {
        faults.push(ManifestFault::SchemaDepth(member));
    }
    if has_reference(&schema) {
        faults.push(ManifestFault::SchemaReference(member));
    }
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
