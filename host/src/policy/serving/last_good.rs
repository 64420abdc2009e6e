//! Our own copy of the component that served last in each slot: a start that finds a refused file
//! serves it instead. It passes the same admission again. And the settings that the last components
//! of a slot served with: the copy is served with its own, and a component that comes back brings
//! them back, if those of the file do not fit it.
//!
//! Settings are found by the digest of their component, and written before it. So whatever a full
//! disk or a crash leaves half done, no component is read with the settings of another.

use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use crate::contract::{Identity, PerSlot, Slot};
use crate::policy::admission::{FileFault, Offer};
use crate::policy::runtime::component_digest;
use crate::whole_file;

/// So many components of a slot are remembered.
const MOST_PAIRS: usize = 10;

/// The folder of the copies; nobody but this host writes to it.
#[derive(Clone)]
pub struct LastGood {
    folder: PathBuf,
    /// The number of the generation that was kept last: one before it comes too late.
    newest: Arc<PerSlot<Mutex<u64>>>,
}

/// A component and the settings that it served with.
#[derive(Serialize, Deserialize)]
struct Pair {
    digest: String,
    settings: Map<String, Value>,
}

impl LastGood {
    /// The folder is made when the first copy is kept.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, newest: Arc::default() }
    }

    /// Keeps what serves, with its bytes if they are not kept yet; that it could not be kept is a
    /// line of the log.
    pub fn keep(&self, identity: &Identity, bytes: Option<&[u8]>) {
        let Identity { slot, digest, settings, release, .. } = identity;
        let mut newest = self.newest.get(*slot).lock().unwrap_or_else(PoisonError::into_inner);
        if *newest > *release {
            return;
        }
        *newest = *release;
        let mut pairs = self.pairs(*slot);
        pairs.retain(|pair| pair.digest != *digest);
        pairs.insert(0, Pair { digest: digest.clone(), settings: settings.clone() });
        pairs.truncate(MOST_PAIRS);
        let written = serde_json::to_vec(&pairs)
            .map_err(Error::from)
            .and_then(|text| self.write(&self.pairs_file(*slot), &text))
            .and_then(|()| bytes.map_or(Ok(()), |bytes| self.write(&self.component(*slot), bytes)));
        if let Err(fault) = written {
            tracing::warn!(
                %fault,
                %slot,
                "the admitted policy could not be kept; a restart cannot fall back to it"
            );
        }
    }

    /// The copy of a slot.
    pub fn read(&self, slot: Slot) -> Result<Offer, FileFault> {
        let files = PolicyFiles::in_folder(&self.folder, slot);
        let bytes = files.read_component(Writers::Anybody)?;
        let settings = self.settings_of(slot, &component_digest(&bytes)).ok_or_else(|| {
            let error = Error::other("it has no settings of the component that was kept");
            FileFault::Unreadable { file: self.pairs_file(slot), error }
        })?;
        Ok(Offer { slot, bytes: bytes.into(), settings })
    }

    /// The settings that a component of this slot served with last.
    pub fn settings_of(&self, slot: Slot, digest: &str) -> Option<Map<String, Value>> {
        let mut pairs = self.pairs(slot).into_iter();
        pairs.find(|pair| pair.digest == digest).map(|pair| pair.settings)
    }

    fn pairs(&self, slot: Slot) -> Vec<Pair> {
        let text = fs::read(self.pairs_file(slot)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn pairs_file(&self, slot: Slot) -> PathBuf {
        self.folder.join(format!("{slot}.pairs.json"))
    }

    fn component(&self, slot: Slot) -> PathBuf {
        PolicyFiles::in_folder(&self.folder, slot).component
    }

    fn write(&self, file: &Path, bytes: &[u8]) -> Result<(), Error> {
        fs::create_dir_all(&self.folder)?;
        whole_file::write(file, bytes)
    }
}
