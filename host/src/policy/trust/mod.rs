//! Who is trusted to make policies: keys that the operator names, and how many of them a place
//! wants.

mod findings;
mod gate;
mod judge;
mod kept;
mod keys;
mod metrics;
mod pinned;
mod ring;
mod settings;
#[cfg(test)]
mod tests;
mod verdict;

pub use findings::{Findings, not_granted};
pub use gate::{Gate, asked_at_push, kept_asks, statement, texts_granted};
pub use judge::{Called, judge, statement_of};
pub use kept::Kept;
pub use keys::TrustedKeys;
pub use metrics::TrustMetrics;
pub use ring::{KeyRing, TrustedKey};
pub use settings::{TrustSettings, Unsigned};
pub use verdict::{KeyState, SignedBy, Trust};
