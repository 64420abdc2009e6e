//! What lies in the policy directory for a slot, and what came of it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use crate::contract::Slot;
use crate::hex;
use crate::policy::admission::{Admitted, Fault, Faults, FileFault};
use crate::signatures::{Signature, read_lines};

/// The files of a slot, and who may write to them.
pub struct Find {
    pub slot: Slot,
    pub files: PolicyFiles,
    pub writers: Writers,
}

/// What the files hold. Settings that cannot be read are a fault only if there are no others,
/// signatures only if some are needed.
pub(super) struct Content {
    pub(super) digest: String,
    pub(super) bytes: Arc<[u8]>,
    pub(super) settings: Result<Map<String, Value>, FileFault>,
    pub(super) signatures: Signed,
}

/// What stands in the file of signatures, or why it cannot be read.
pub(super) type Signed = Result<Vec<Signature>, String>;

/// What came of a find.
pub(super) struct Taken {
    pub(super) admitted: Admitted,
    pub(super) bytes: Arc<[u8]>,
    pub(super) signatures: Signed,
    pub(super) amiss: Option<Amiss>,
}

/// What stands against what the files hold, though something was taken.
pub(super) enum Amiss {
    /// The settings in the file; others were taken.
    Settings(Faults),
    /// The component; the one that an earlier version kept was taken.
    All(Faults),
}

impl Find {
    /// These bytes are read once; what is checked is what is compiled, and kept. Files are read
    /// beside the request threads.
    pub(super) async fn read(&self) -> Result<Content, Faults> {
        let (files, writers) = (self.files.clone(), self.writers);
        let read = move || {
            let bytes = files.read_component(writers)?;
            let settings = files.read_settings(writers);
            Ok::<_, FileFault>(Content {
                digest: hex::sha256(&bytes),
                bytes: bytes.into(),
                settings,
                signatures: signatures(&files, writers),
            })
        };
        Ok(tokio::task::spawn_blocking(read).await.map_err(|_| Fault::Unfinished)??)
    }
}

fn signatures(files: &PolicyFiles, writers: Writers) -> Signed {
    let text = files.read_signatures(writers).map_err(|fault| fault.to_string())?;
    let text = text.unwrap_or_default();
    read_lines(&text).map_err(|fault| format!("{}: {fault}", files.signatures.display()))
}
