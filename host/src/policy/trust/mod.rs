//! Who is trusted to make policies: keys that the operator names, and how many of them a place
//! wants.

mod keys;
mod settings;
mod verdict;

pub use keys::TrustedKeys;
pub use settings::{TrustSettings, Unsigned};
pub use verdict::{KeyState, SignedBy, Trust};
