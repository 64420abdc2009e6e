//! The two files of a slot: the component and its settings.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Slot;
use super::admission::{Faults, MAX_COMPONENT_BYTES};
use crate::strict_json;

const MAX_SETTINGS_BYTES: u64 = 64 * 1024;

/// Where they are.
pub struct PolicyFiles {
    /// `<slot>.wasm`.
    pub component: PathBuf,
    /// `<slot>.settings.json`; need not be there.
    pub settings: PathBuf,
}

impl PolicyFiles {
    /// The files of a slot in a folder.
    pub fn in_folder(folder: &Path, slot: Slot) -> Self {
        Self {
            component: folder.join(format!("{slot}.wasm")),
            settings: folder.join(format!("{slot}.settings.json")),
        }
    }

    /// The component's bytes. Where `anybody` is false, a file that group or others may write to is
    /// refused.
    pub fn read_component(&self, anybody: bool) -> Result<Vec<u8>, Faults> {
        read(&self.component, MAX_COMPONENT_BYTES, anybody)
    }

    /// The settings; none where there is no file.
    pub fn read_settings(&self, anybody: bool) -> Result<Map<String, Value>, Faults> {
        // Only a name that is not there means "no settings": a link that leads nowhere is a
        // mistake, and must not bring the defaults back.
        if fs::symlink_metadata(&self.settings)
            .is_err_and(|fault| fault.kind() == ErrorKind::NotFound)
        {
            return Ok(Map::new());
        }
        let text = read(&self.settings, MAX_SETTINGS_BYTES, anybody)?;
        let value = strict_json::parse(&text)
            .map_err(|fault| vec![format!("{}: {fault}", self.settings.display())])?;
        match value {
            Value::Object(settings) => Ok(settings),
            _ => Err(vec![format!("{} is no JSON object", self.settings.display())]),
        }
    }

    /// Keeps a component; that it could not be kept is a line of the log.
    pub fn write_component(&self, bytes: &[u8]) {
        write(&self.component, bytes);
    }

    /// Keeps settings; that they could not be kept is a line of the log.
    pub fn write_settings(&self, settings: &Map<String, Value>) {
        write(&self.settings, Value::Object(settings.clone()).to_string().as_bytes());
    }
}

fn read(file: &Path, most: u64, anybody: bool) -> Result<Vec<u8>, Faults> {
    let fault = |fault: std::io::Error| vec![format!("{} cannot be read: {fault}", file.display())];
    // Asked before it is opened: to open a pipe would wait for somebody to write to it.
    let metadata = fs::metadata(file).map_err(fault)?;
    if !metadata.is_file() {
        return Err(vec![format!("{} is not a file", file.display())]);
    }
    if !anybody && metadata.permissions().mode() & 0o022 != 0 {
        return Err(vec![format!(
            "{} may be written to by group or others; run: chmod go-w {}",
            file.display(),
            file.display()
        )]);
    }
    let mut bytes = Vec::new();
    File::open(file).map_err(fault)?.take(most + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > most {
        Err(vec![format!("{} has more than {most} bytes", file.display())])
    } else {
        Ok(bytes)
    }
}

fn write(file: &Path, bytes: &[u8]) {
    let unfinished = file.with_extension("tmp");
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&unfinished, bytes))
        .and_then(|()| fs::rename(&unfinished, file));
    if let Err(fault) = written {
        tracing::warn!(%fault, file = %file.display(), "the admitted policy could not be kept; a restart cannot fall back to it");
    }
}
