//! What can be wrong with the file of a release.

use super::exported::MOST_COMPONENTS;
use crate::policy::admission::MAX_COMPONENT_BYTES;

/// Why a file is not taken for a release.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("it is empty")]
    Empty,
    /// Its first line is not one of ours.
    #[error("it is no exported release")]
    Another,
    #[error("it has the format {0}, which this host does not know")]
    Format(u32),
    #[error("it was cut within its first line")]
    HeadCut,
    #[error("its first line is damaged: {0}")]
    Head(serde_json::Error),
    /// The digest in the first line is of something else.
    #[error("its first line was changed after it was written")]
    HeadChanged,
    #[error("its settings are not those of their digest")]
    SettingsChanged,
    #[error("it says that it holds {0} components; from 1 to {MOST_COMPONENTS} can be")]
    Components(usize),
    #[error(
        "component {number} is said to have {size} bytes; at most {MAX_COMPONENT_BYTES} are allowed"
    )]
    TooLarge { number: usize, size: u64 },
    #[error("it was cut: component {number} has {found} of {size} bytes")]
    Cut { number: usize, found: u64, size: u64 },
    #[error("component {number} was changed: its SHA-256 is {actual}, not {sha256}")]
    Changed { number: usize, sha256: String, actual: String },
    #[error("component {number} is said to have {signatures} signatures; at most {most} can be")]
    TooManySignatures { number: usize, signatures: usize, most: usize },
    #[error("a signature of component {number} is none of it: {reason}")]
    Signature { number: usize, reason: String },
    #[error("more bytes follow than it says; something was appended, or a size was changed")]
    More,
}

impl ExportFault {
    /// What to do about it, as a sentence.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "Check the path, and that the file may be read.",
            Self::Another => "Give the file that `auth-host policy export` wrote, unchanged.",
            Self::Format(_) => {
                "Export it with the version of auth-host that is to read it, or upgrade this one."
            }
            _ => "Export the release again, and copy the file as a whole (compare `sha256sum`).",
        }
    }
}
