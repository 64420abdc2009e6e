//! What versions before the registry kept of each slot in `last-good/`: the component that served
//! last, and the settings that the last ones served with. Nobody writes there any more; it fills an
//! empty place once, where the file in the policy directory is refused, as it did then.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use crate::contract::Slot;
use crate::hex;
use crate::policy::admission::Offer;

/// The folder of the copies.
#[derive(Clone)]
pub struct EarlierCopies {
    pub folder: PathBuf,
}

/// A component and the settings that it served with.
#[derive(Deserialize)]
struct Pair {
    digest: String,
    settings: Map<String, Value>,
}

impl EarlierCopies {
    /// The copy of a slot with its own settings; none if it is not there as a whole.
    pub(super) fn read(&self, slot: Slot) -> Option<Offer> {
        let files = PolicyFiles::in_folder(&self.folder, slot);
        let bytes = files.read_component(Writers::Anybody).ok()?;
        let pairs = fs::read(self.folder.join(format!("{slot}.pairs.json"))).ok()?;
        let pairs: Vec<Pair> = serde_json::from_slice(&pairs).ok()?;
        let digest = hex::sha256(&bytes);
        let settings = pairs.into_iter().find(|pair| pair.digest == digest)?.settings;
        Some(Offer { slot, bytes: bytes.into(), settings })
    }
}
