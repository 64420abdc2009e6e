//! Who can put another file into the place of one: whoever owns it, a folder on the way to it or a
//! link on the way, and whoever may write to one of them. Only root and our own user may.
//!
//! Two things are no danger. In a folder with the sticky bit (`/tmp`) only the owner of an entry
//! replaces it, and that owner is looked at. What is mounted read-only is the word of whoever
//! mounted it, whatever owner and mode say. A volume may be mounted writable for its group, as
//! platforms do it: above the folder of the file its root counts as given by the platform.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::Error;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

/// As many as Linux follows.
const MOST_LINKS: u32 = 40;
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Why a file is not believed. Its operator mends it.
#[derive(Debug, thiserror::Error)]
pub enum OwnerFault {
    /// With the reason of the operating system.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable {
        /// The file, or what leads to it.
        file: PathBuf,
        /// The reason, from the operating system.
        error: Error,
    },
    /// Whoever can write to it decides what it says.
    #[error(
        "{file} may be written to by group or others; run: chmod go-w {file}",
        file = .0.display()
    )]
    Writable(PathBuf),
    /// As the file, for a folder on the way to it.
    #[error(
        "the folder {file} may be written to by group or others, who could put another file into \
         it; run: chmod go-w {file}",
        file = .0.display()
    )]
    Folder(PathBuf),
    /// Whoever owns a file, a link or a folder can change it.
    #[error(
        "{file} belongs to the user {owner}, and not to root or to the user {us} that the host \
         runs as; run: chown -h {us} {file}",
        file = file.display()
    )]
    Owner {
        /// The file, or what leads to it.
        file: PathBuf,
        owner: u32,
        us: u32,
    },
}

impl OwnerFault {
    /// What to do about it, as a sentence for the operator.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "Put the file there, and let the user read it that the host runs as."
            }
            Self::Writable(_) => {
                "Take the right to write from everybody but the file's owner, after a look at who \
                 has used it."
            }
            Self::Folder(_) => {
                "Take the right to write from everybody but the folder's owner, or put the files \
                 into a folder where nobody else may write. A folder that must be shared needs the \
                 sticky bit: chmod +t."
            }
            Self::Owner { .. } => {
                "Give it to the user that the host runs as, or to root, after a look at what is in \
                 it; or copy it as that user and place the copy."
            }
        }
    }
}

/// Checks a file and the whole way to it, through links.
pub fn check(file: &Path) -> Result<(), OwnerFault> {
    walk(file, false)
}

/// Checks a folder whose files are looked for by name, and the whole way to it. A name that is not
/// there yet belongs to nobody, so nobody else may write to it even if it is sticky.
pub fn check_folder(folder: &Path) -> Result<(), OwnerFault> {
    walk(folder, true)?;
    let metadata = fs::metadata(folder)
        .map_err(|error| OwnerFault::Unreadable { file: folder.to_owned(), error })?;
    if metadata.mode() & OTHERS_WRITE != 0 && !is_read_only(folder) {
        return Err(OwnerFault::Folder(folder.to_owned()));
    }
    Ok(())
}

/// The way ends at a file, or at the folder of one.
fn walk(file: &Path, is_of_folder: bool) -> Result<(), OwnerFault> {
    let unreadable = |path: &Path, error| OwnerFault::Unreadable { file: path.to_owned(), error };
    let absolute = std::path::absolute(file).map_err(|error| unreadable(file, error))?;
    let mut rest = names(&absolute);
    let mut here = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(name);
        let metadata = fs::symlink_metadata(&next).map_err(|error| unreadable(&next, error))?;
        // To ask a link how it is mounted is to ask where it leads.
        let is_read_only = is_read_only(if metadata.is_symlink() { &here } else { &next });
        if !is_read_only {
            belongs_to_us(&next, &metadata)?;
        }
        if metadata.is_symlink() {
            links += 1;
            if links > MOST_LINKS {
                return Err(unreadable(&next, Error::other("too many links")));
            }
            let target = fs::read_link(&next).map_err(|error| unreadable(&next, error))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(&target).into_iter().rev() {
                rest.push_front(name);
            }
            continue;
        }
        let device = fs::metadata(&here).map_err(|error| unreadable(&here, error))?.dev();
        let is_root_of_volume = metadata.is_dir()
            && metadata.dev() != device
            && rest.len() + usize::from(is_of_folder) > 1;
        if !is_read_only && !is_root_of_volume {
            not_writable_by_others(&next, &metadata)?;
        }
        here = next;
    }
    Ok(())
}

/// What the path holds beside its root.
fn names(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

fn belongs_to_us(path: &Path, metadata: &Metadata) -> Result<(), OwnerFault> {
    let us = rustix::process::geteuid().as_raw();
    if [0, us].contains(&metadata.uid()) {
        return Ok(());
    }
    Err(OwnerFault::Owner { file: path.to_owned(), owner: metadata.uid(), us })
}

fn not_writable_by_others(path: &Path, metadata: &Metadata) -> Result<(), OwnerFault> {
    let is_sticky = metadata.is_dir() && metadata.mode() & STICKY != 0;
    if metadata.mode() & OTHERS_WRITE == 0 || is_sticky {
        return Ok(());
    }
    let file = path.to_owned();
    Err(if metadata.is_dir() { OwnerFault::Folder(file) } else { OwnerFault::Writable(file) })
}

/// Whether nobody can write there, whatever the mode says.
pub fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
}
