//! What can be wrong with a file that holds a component or its settings. A source reads it; it is a
//! fault like those of what stands in it.

use std::path::PathBuf;

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
    /// Whoever can write to it decides who is let in.
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
            Self::TooLarge { .. } => "Put a smaller file there.",
            Self::Json { .. } => "Mend the JSON: one object, and each name in it once.",
            Self::NoObject(_) => "Write the settings as one object: {\"name\": value}.",
        }
    }
}
