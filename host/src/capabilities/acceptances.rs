//! What the acceptances of `registering`, `logging-in` and `refreshing` share: claims of the access
//! token, and a session that ends sooner.

use serde_json::{Map, Value};

use super::forms::json;
use crate::contract::names::is_name;
use crate::contract::{ClaimLimits, Manifest, TrappableFailure};
use crate::tokens::RESERVED_CLAIMS;

/// Adds a claim that the manifest declares, once.
pub(super) fn add_claim(
    claims: &mut Map<String, Value>,
    name: String,
    value: &str,
    manifest: &Manifest,
    limits: &ClaimLimits,
) -> Result<(), TrappableFailure> {
    if !is_name(&name, '_', limits.name_bytes) {
        return Err(TrappableFailure::other(format!(
            "a claim's name must be [a-z][a-z0-9_]{{0,{}}}",
            limits.name_bytes - 1
        )));
    }
    if RESERVED_CLAIMS.contains(&name.as_str()) || !manifest.claims.contains(&name) {
        return Err(TrappableFailure::denied(format!(
            "the manifest does not declare the claim {name:?}"
        )));
    }
    if claims.contains_key(&name) {
        return Err(TrappableFailure::other(format!("the claim {name:?} was added already")));
    }
    let taken: usize =
        claims.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if taken + name.len() + value.len() > limits.bytes {
        return Err(TrappableFailure::limit(format!("at most {} bytes of claims", limits.bytes)));
    }
    let argument = format!("add-claim: the value of {name:?}");
    let value = json(&argument, value, limits.bytes)?;
    claims.insert(name, value);
    Ok(())
}

/// Lets a session end after so many seconds, unless it ends before that.
pub(super) fn shorten(session_seconds: &mut Option<u32>, to: u32) {
    *session_seconds = Some(session_seconds.map_or(to, |seconds| seconds.min(to)));
}
