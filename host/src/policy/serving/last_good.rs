//! Our own copy of what was admitted last in each slot, component and settings together: a start
//! that finds a refused file serves it instead. It passes the same admission again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use crate::contract::Slot;
use crate::policy::admission::{Admission, Faults};
use crate::policy::runtime::Generation;
use crate::whole_file;

/// The folder of the copies; nobody but this host writes to it.
#[derive(Clone)]
pub struct LastGood {
    folder: PathBuf,
}

impl LastGood {
    /// The folder is made when the first copy is kept.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps a component; that it could not be kept is a line of the log.
    pub fn keep_component(&self, slot: Slot, bytes: &[u8]) {
        write(&self.files(slot).component, bytes);
    }

    /// Keeps settings; that they could not be kept is a line of the log.
    pub fn keep_settings(&self, slot: Slot, settings: &Map<String, Value>) {
        let text = Value::Object(settings.clone()).to_string();
        write(&self.files(slot).settings, text.as_bytes());
    }

    /// Reads the copy of a slot and admits it.
    pub fn readmit(&self, slot: Slot, admission: &Admission) -> Result<Generation, Faults> {
        let files = self.files(slot);
        let bytes = files.read_component(Writers::Anybody)?;
        admission.admit(slot, &bytes, files.read_settings(Writers::Anybody)?)
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
