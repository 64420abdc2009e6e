//! Whether the file that was opened is still the one at its path: `SQLite` goes on writing into a
//! file that was deleted, and what it then commits is lost when the process ends.
//!
//! It is only looked at, never opened: closing a second handle would drop `SQLite`'s locks.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Device and number of a file.
type Identity = (u64, u64);

/// The database's file and its write-ahead log, as they were when they were opened.
#[derive(Clone)]
pub(super) struct DatabaseFile {
    files: [(PathBuf, Option<Identity>); 2],
}

impl DatabaseFile {
    /// Of a database that is open: its log is there.
    pub(super) fn opened(path: &Path) -> std::io::Result<Self> {
        // SQLite keeps its log beside the file that a link leads to.
        let mut log = path.canonicalize()?.into_os_string();
        log.push("-wal");
        let files = [path.to_owned(), PathBuf::from(log)].map(|file| {
            let identity = identity(&file);
            (file, identity)
        });
        Ok(Self { files })
    }

    pub(super) fn is_there(&self) -> bool {
        self.files.iter().all(|(file, opened)| opened.is_none() || identity(file) == *opened)
    }
}

fn identity(file: &Path) -> Option<Identity> {
    std::fs::metadata(file).ok().map(|file| (file.dev(), file.ino()))
}
