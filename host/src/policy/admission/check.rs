//! What can be known from the bytes alone, without compiling or running them. Admission begins here.

use std::panic::catch_unwind;

use super::bytes::{self, BytesFault};
use super::fault::Faults;
use super::world;
use crate::contract::{Manifest, Slot};
use crate::policy::runtime::component_digest;

/// What the raw bytes of a component tell.
pub struct Checked {
    /// SHA-256, in hexadecimal.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The interfaces and functions that it imports.
    pub imports: Vec<String>,
}

/// Checks bytes that are offered for a slot.
pub fn check(slot: Slot, bytes: &[u8]) -> Result<Checked, Faults> {
    guarded(Some(slot), bytes)
}

/// [`check`] for the slot that the manifest names.
pub(super) fn inspect(bytes: &[u8]) -> Result<Checked, Faults> {
    guarded(None, bytes)
}

/// Readers see what an attacker may have made: their panic is a fault of the bytes.
fn guarded(slot: Option<Slot>, bytes: &[u8]) -> Result<Checked, Faults> {
    catch_unwind(|| check_all(slot, bytes)).map_err(|_| BytesFault::Unreadable)?
}

fn check_all(slot: Option<Slot>, bytes: &[u8]) -> Result<Checked, Faults> {
    bytes::check_kind(bytes)?;
    let mut faults = Faults::default();
    let manifest = read_manifest(bytes).map_err(|found| faults.add(found)).ok();
    let declared = manifest.as_ref().map(|manifest| manifest.slot);
    // What is wrong with the manifest is told as well if the rest cannot be read.
    let shape = world::shape(bytes).map_err(|found| faults.add(found)).ok();
    if let Some(shape) = &shape {
        faults.add(world::check(bytes, shape, slot, declared));
    }
    match (manifest, shape) {
        (Some(manifest), Some(shape)) if faults.is_empty() => {
            Ok(Checked { digest: component_digest(bytes), manifest, imports: shape.imports })
        }
        _ => Err(faults),
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, Faults> {
    Ok(Manifest::read(bytes::manifest_text(bytes)?)?)
}
