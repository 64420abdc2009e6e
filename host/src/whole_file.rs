//! Writing a small file whole or not at all: whoever reads it finds what was there before, or all
//! of what was written, also after a crash. What a full disk cut off leaves no remains that take
//! its last room.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What a name ends with until its file is whole.
const UNFINISHED: &str = "tmp";

/// Writes a file that only our user may read, in the place of one that is there.
pub fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_parts(file, &[bytes])
}

/// The same of several parts, which are not put together in memory.
pub fn write_parts(file: &Path, parts: &[&[u8]]) -> io::Result<()> {
    // Of a name of its own: two who write the same file at once do not meet.
    let unfinished = file.with_extension(format!("{}.{UNFINISHED}", uuid::Uuid::new_v4().simple()));
    let written = write_new(&unfinished, parts).and_then(|()| fs::rename(&unfinished, file));
    if written.is_err() {
        // It may not be there at all.
        let _ = fs::remove_file(&unfinished);
        return written;
    }
    sync_folder_of(file)
}

/// Makes a name in its folder last.
pub fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Removes what a crash left unfinished in a folder. Nobody else may write there meanwhile.
pub fn remove_unfinished(folder: &Path) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for file in files.filter(|file| file.extension().is_some_and(|end| end == UNFINISHED)) {
        // It takes room, and nothing else.
        let _ = fs::remove_file(file);
    }
}

fn write_new(file: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut new = File::options().write(true).create_new(true).mode(0o600).open(file)?;
    for part in parts {
        new.write_all(part)?;
    }
    new.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_fails_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("kept");
        write(&file, b"one").unwrap();
        write(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        // A folder is no file to replace.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("something"), b"").unwrap();
        write(&taken, b"three").unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
