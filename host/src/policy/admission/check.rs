//! What can be known from the bytes alone, without compiling or running them. Admission begins here.

use std::panic::catch_unwind;

use serde_json::{Map, Value};

use super::asks;
use super::bytes::{self, BytesFault};
use super::fault::Faults;
use super::world::{self, Shape, WorldFault};
use crate::contract::{Manifest, Slot, wit};
use crate::hex;

/// What the raw bytes of a component tell.
pub struct Checked {
    /// SHA-256, in hexadecimal.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The interfaces and functions that it imports.
    pub imports: Vec<String>,
    /// The version of the WIT that it is built for, such as `0.2.0`.
    pub wit: String,
}

/// What can be told of a component that is built for another version of the contract.
pub(super) struct Unspoken {
    pub(super) wit: String,
    /// A JSON object.
    pub(super) manifest: Value,
    pub(super) imports: Vec<String>,
}

/// Which of both it is.
pub(super) enum Examined {
    Spoken(Box<Checked>),
    Unspoken(Unspoken),
}

/// Checks bytes that are offered for a slot.
pub fn check(slot: Slot, bytes: &[u8]) -> Result<Checked, Faults> {
    check_for(Some(slot), bytes)
}

/// [`check`], or for the slot that the manifest names. Readers see what an attacker may have made:
/// their panic is a fault of the bytes.
pub(super) fn check_for(slot: Option<Slot>, bytes: &[u8]) -> Result<Checked, Faults> {
    let checked = catch_unwind(|| {
        bytes::check_kind(bytes)?;
        check_all(slot, bytes, world::shape(bytes))
    });
    checked.map_err(|_| BytesFault::Unreadable)?
}

/// [`check`] for a registry, which also keeps components for hosts that speak another version of
/// the contract. Of those size, kind and manifest are looked at.
pub(super) fn examine(slot: Option<Slot>, bytes: &[u8]) -> Result<Examined, Faults> {
    let examined = catch_unwind(|| {
        bytes::check_kind(bytes)?;
        let shape = world::shape(bytes);
        match shape.as_ref().ok().and_then(world::other_version) {
            Some(wit) => unspoken(slot, bytes, wit, shape?).map(Examined::Unspoken),
            None => check_all(slot, bytes, shape).map(Box::new).map(Examined::Spoken),
        }
    });
    examined.map_err(|_| BytesFault::Unreadable)?
}

fn check_all(
    slot: Option<Slot>,
    bytes: &[u8],
    shape: Result<Shape, WorldFault>,
) -> Result<Checked, Faults> {
    let mut faults = Faults::default();
    let manifest = read_manifest(bytes).map_err(|found| faults.add(found)).ok();
    let declared = manifest.as_ref().map(|manifest| manifest.slot);
    // What is wrong with the manifest is told as well if the rest cannot be read.
    let shape = shape.map_err(|found| faults.add(found)).ok();
    if let Some(shape) = &shape {
        faults.add(world::check(bytes, shape, slot, declared));
    }
    if let (Some(manifest), Some(shape)) = (&manifest, &shape) {
        faults.add(asks::check(manifest, &shape.imports));
    }
    match (manifest, shape) {
        (Some(manifest), Some(shape)) if faults.is_empty() => {
            let wit = world::version(&shape).unwrap_or_else(|| wit::version().to_owned());
            let (digest, imports) = (hex::sha256(bytes), shape.imports);
            Ok(Checked { digest, manifest, imports, wit })
        }
        _ => Err(faults),
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, Faults> {
    Ok(Manifest::read(bytes::manifest_text(bytes)?)?)
}

/// Its manifest may keep other rules; that it is one object, and which slot it names, is the same.
fn unspoken(
    slot: Option<Slot>,
    bytes: &[u8],
    wit: String,
    shape: Shape,
) -> Result<Unspoken, Faults> {
    let text = bytes::manifest_text(bytes)?;
    let manifest = match Manifest::read(text) {
        Ok(manifest) => serde_json::to_value(manifest).unwrap_or_default(),
        Err(faults) => {
            let object = serde_json::from_slice::<Map<String, Value>>(text).ok();
            let readable = object.filter(|_| !Manifest::is_too_large(text));
            Value::Object(readable.ok_or(faults)?)
        }
    };
    let declared = serde_json::from_value(manifest["slot"].clone()).ok();
    match (slot, declared) {
        (Some(slot), Some(declared)) if declared != slot => {
            Err(WorldFault::OtherSlot { declared, slot }.into())
        }
        _ => Ok(Unspoken { wit, manifest, imports: shape.imports }),
    }
}
