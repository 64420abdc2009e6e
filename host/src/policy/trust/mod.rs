//! Who is trusted to make policies: keys that the operator names, and how many of them a place
//! wants.

mod findings;
mod gate;
mod keys;
mod settings;
mod verdict;

pub use findings::{Findings, not_granted};
pub use gate::{Gate, asked_at_push, kept_asks, statement, texts_granted};
pub use keys::TrustedKeys;
pub use settings::{TrustSettings, Unsigned};
pub use verdict::{KeyState, SignedBy, Trust};
