//! Our own copy of what was admitted last in each slot, component and settings together: a start
//! that finds a refused file serves it instead. It passes the same admission again. And the
//! settings that the last components of a slot served with: one that comes back brings them
//! back, if those of the file do not fit it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use crate::contract::{Identity, Slot};
use crate::policy::admission::{FileFault, Offer};
use crate::whole_file;

/// So many components of a slot are remembered.
const MOST_PAIRS: usize = 10;

/// The folder of the copies; nobody but this host writes to it.
#[derive(Clone)]
pub struct LastGood {
    folder: PathBuf,
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
        Self { folder }
    }

    /// Keeps what was admitted; that it could not be kept is a line of the log.
    pub fn keep(&self, identity: &Identity, bytes: Option<&[u8]>) {
        let Identity { slot, digest, settings, .. } = identity;
        if let Some(bytes) = bytes {
            write(&self.files(*slot).component, bytes);
        }
        let text = Value::Object(settings.clone()).to_string();
        write(&self.files(*slot).settings, text.as_bytes());
        let mut pairs = self.pairs(*slot);
        pairs.retain(|pair| pair.digest != *digest);
        pairs.insert(0, Pair { digest: digest.clone(), settings: settings.clone() });
        pairs.truncate(MOST_PAIRS);
        if let Ok(text) = serde_json::to_vec(&pairs) {
            write(&self.pairs_file(*slot), &text);
        }
    }

    /// The copy of a slot.
    pub fn read(&self, slot: Slot) -> Result<Offer, FileFault> {
        let files = self.files(slot);
        let bytes = files.read_component(Writers::Anybody)?.into();
        Ok(Offer { slot, bytes, settings: files.read_settings(Writers::Anybody)? })
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

    fn files(&self, slot: Slot) -> PolicyFiles {
        PolicyFiles::in_folder(&self.folder, slot)
    }
}

fn write(file: &Path, bytes: &[u8]) {
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| whole_file::write(file, bytes));
    if let Err(fault) = written {
        tracing::warn!(
            %fault,
            file = %file.display(),
            "the admitted policy could not be kept; a restart cannot fall back to it"
        );
    }
}
