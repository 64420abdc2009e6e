//! What can be wrong with a file that holds a component or its settings. A source reads it; it is a
//! fault like those of what stands in it.

use std::path::PathBuf;

use crate::owners::OwnerFault;
use crate::strict_json;

/// Why a file was not taken. Its operator mends it.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// With the reason of the operating system.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable {
        /// With its folder, as the settings name it.
        file: PathBuf,
        /// The reason, from the operating system.
        error: std::io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a file", .0.display())]
    NoFile(PathBuf),
    /// Somebody else could have written it.
    #[error(transparent)]
    Owners(#[from] OwnerFault),
    /// It was not read to its end.
    #[error("{} has more than {most} bytes", file.display())]
    TooLarge {
        /// With its folder, as the settings name it.
        file: PathBuf,
        /// The bound, in bytes.
        most: u64,
    },
    /// Settings that are not JSON, or say a thing twice.
    #[error("{}: {error}", file.display())]
    Json {
        /// With its folder, as the settings name it.
        file: PathBuf,
        /// The reader's reason, with the place in the text.
        error: strict_json::Fault,
    },
    /// Settings that are JSON, but a list, a text or a number.
    #[error("{} is no JSON object", .0.display())]
    NoObject(PathBuf),
}

impl FileFault {
    /// Whether it lies in what an operator set, and not in the component.
    pub const fn is_of_settings(&self) -> bool {
        matches!(self, Self::Json { .. } | Self::NoObject(_))
    }

    /// What to do about it, as a sentence for the operator.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "Put the file there, and let the user read it that the host runs as."
            }
            Self::NoFile(_) => "Put a file there, or a link to one.",
            Self::Owners(fault) => fault.remedy(),
            Self::TooLarge { .. } => "Put a smaller file there.",
            Self::Json { .. } => "Mend the JSON: one object, and each name in it once.",
            Self::NoObject(_) => "Write the settings as one object: {\"name\": value}.",
        }
    }
}
