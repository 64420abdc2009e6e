//! Secrets of policies: read from files or variables of this replica, and followed while somebody
//! uses them.
//!
//! The rule: a value is never written anywhere, and never told in an error.

mod fault;
mod followed;
mod settings;
mod source;
mod value;

pub use fault::{FolderFault, SecretFault};
pub use followed::{SecretValue, Secrets};
pub use settings::SecretSettings;
