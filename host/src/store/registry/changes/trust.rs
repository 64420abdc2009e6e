//! Who signed a component, and what a place is granted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::place::Change;
use super::super::place_row::PlaceRow;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::signature::StoredSignature;
use super::super::transaction::{NewLine, Registry};
use crate::store::StoreError;

/// Of each key one counts, the last. One that is kept already stays as it is.
pub(in crate::store) async fn sign<R: Registry>(
    registry: &mut R,
    digest: &str,
    place: &str,
    signatures: &[StoredSignature],
    change: &Change,
) -> Result<usize, RegistryError> {
    let digest = digest.to_owned();
    if !registry.lock_component(&digest).await? {
        return Err(RegistryRefusal::NoComponent { digest }.into());
    }
    let kept = registry.signatures(&digest).await?;
    let is_kept = |new: &StoredSignature| {
        kept.iter().any(|known| known.key == new.key && known.line == new.line)
    };
    let mut new: BTreeMap<&str, &StoredSignature> =
        signatures.iter().map(|signature| (&*signature.key, signature)).collect();
    new.retain(|_, signature| !is_kept(signature));
    let others = kept.iter().filter(|known| !new.contains_key(&*known.key)).count();
    let (signatures, most) = (others + new.len(), StoredSignature::MOST);
    if new.is_empty() {
        return Ok(0);
    }
    if signatures > most {
        return Err(RegistryRefusal::TooManySignatures { digest, signatures, most }.into());
    }
    for signature in new.values() {
        registry.sign(&digest, signature).await?;
    }
    let keys: Vec<&str> = new.keys().copied().collect();
    let told = [("component", json!(digest)), ("keys", json!(keys))];
    write(registry, place, "signed", change, told).await?;
    Ok(new.len())
}

pub(in crate::store) async fn grant<R: Registry>(
    registry: &mut R,
    place: &str,
    expected: Option<&[String]>,
    grants: &[String],
    change: &Change,
) -> Result<(), RegistryError> {
    let row = registry.lock(place).await?;
    if row.grants.as_deref().map(sorted) != expected.map(sorted) {
        return Err(RegistryRefusal::GrantedMeanwhile { place: row.place }.into());
    }
    Ok(granted(registry, &row, grants, change).await?)
}

/// Writes what a place is granted from now on. If that is what it is granted already, nothing.
pub(super) async fn granted<R: Registry>(
    registry: &mut R,
    row: &PlaceRow,
    grants: &[String],
    change: &Change,
) -> Result<(), StoreError> {
    let before = row.grants.as_deref();
    if before.map(sorted).as_ref() == Some(&sorted(grants)) {
        return Ok(());
    }
    registry.grant(&row.place, grants).await?;
    let before = before.unwrap_or_default();
    let beyond = |of: &[String], others: &[String]| -> Vec<String> {
        of.iter().filter(|item| !others.contains(item)).cloned().collect()
    };
    let told = [
        ("added", json!(beyond(grants, before))),
        ("removed", json!(beyond(before, grants))),
        ("all", json!(grants)),
    ];
    write(registry, &row.place, "granted", change, told).await
}

/// They are sets.
pub(super) fn sorted(items: &[String]) -> Vec<&str> {
    let mut items: Vec<&str> = items.iter().map(String::as_str).collect();
    items.sort_unstable();
    items.dedup();
    items
}

async fn write<R: Registry, const MANY: usize>(
    registry: &mut R,
    place: &str,
    action: &'static str,
    change: &Change,
    told: [(&str, Value); MANY],
) -> Result<(), StoreError> {
    let mut details: Map<String, Value> = serde_json::from_str(&change.details).unwrap_or_default();
    details.extend(told.map(|(name, value)| (name.to_owned(), value)));
    let line = NewLine {
        place,
        who: &change.who,
        action,
        from: None,
        to: None,
        why: &change.why,
        details: &Value::Object(details).to_string(),
    };
    registry.write(line).await
}
