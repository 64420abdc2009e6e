//! The files of a slot: the component, its settings and its signatures. A file that somebody else
//! may write to is not read, unless the source says that anybody may.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::contract::Slot;
use crate::owners;
use crate::policy::admission::{FileFault, MAX_COMPONENT_BYTES};
use crate::signatures::MOST_FILE_BYTES;
use crate::strict_json;

const MAX_SETTINGS_BYTES: u64 = 64 * 1024;

/// Who may write to a file that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Root and our own user only: whoever writes to it decides who is let in.
    Owner,
    /// Nobody looks: on a developer's machine, and for files of our own.
    Anybody,
}

impl Writers {
    /// Whether a file is taken, as far as that is seen without reading it.
    pub(super) fn may_be_taken(self, file: &Path) -> bool {
        self.check(file).is_ok()
    }

    /// The same, with what stands against it.
    pub fn check(self, file: &Path) -> Result<(), FileFault> {
        if self == Self::Anybody { Ok(()) } else { Ok(owners::check(file)?) }
    }
}

/// Where the files of a slot are.
#[derive(Clone)]
pub struct PolicyFiles {
    /// `<slot>.wasm`.
    pub component: PathBuf,
    /// `<slot>.settings.json`; need not be there.
    pub settings: PathBuf,
    /// `<slot>.wasm.sig`; need not be there.
    pub signatures: PathBuf,
}

impl PolicyFiles {
    /// Named as an operator names them.
    pub fn in_folder(folder: &Path, slot: Slot) -> Self {
        Self {
            component: folder.join(format!("{slot}.wasm")),
            settings: folder.join(format!("{slot}.settings.json")),
            signatures: folder.join(format!("{slot}.wasm.sig")),
        }
    }

    /// The component's bytes.
    pub fn read_component(&self, writers: Writers) -> Result<Vec<u8>, FileFault> {
        read(&self.component, MAX_COMPONENT_BYTES, writers)
    }

    /// The settings; none if there is no file.
    pub fn read_settings(&self, writers: Writers) -> Result<Map<String, Value>, FileFault> {
        // Only a name that is not there means "no settings": a link that leads nowhere is a
        // mistake, and must not bring the defaults back.
        if fs::symlink_metadata(&self.settings)
            .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        {
            return Ok(Map::new());
        }
        let text = read(&self.settings, MAX_SETTINGS_BYTES, writers)?;
        match strict_json::parse(&text) {
            Ok(Value::Object(settings)) => Ok(settings),
            Ok(_) => Err(FileFault::NoObject(self.settings.clone())),
            Err(error) => Err(FileFault::Json { file: self.settings.clone(), error }),
        }
    }

    /// The file of signatures; none if there is none.
    pub fn read_signatures(&self, writers: Writers) -> Result<Option<String>, FileFault> {
        if fs::symlink_metadata(&self.signatures)
            .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        {
            return Ok(None);
        }
        let text = read(&self.signatures, MOST_FILE_BYTES, writers)?;
        // What is no text is no signature either: whoever reads the lines says so.
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }
}

fn read(file: &Path, most: u64, writers: Writers) -> Result<Vec<u8>, FileFault> {
    let unreadable = |error| FileFault::Unreadable { file: file.to_owned(), error };
    // Asked before it is opened: to open a pipe would wait for somebody to write to it.
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileFault::NoFile(file.to_owned()));
    }
    if writers == Writers::Owner {
        owners::check(file)?;
    }
    let opened = File::open(file).map_err(unreadable)?;
    let mut bytes = Vec::new();
    opened.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(FileFault::TooLarge { file: file.to_owned(), most });
    }
    Ok(bytes)
}
