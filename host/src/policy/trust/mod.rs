//! Who is trusted to make policies: keys that the operator names, and how many of them a place
//! wants.

mod judge;
mod keys;
mod metrics;
mod ring;
mod settings;
#[cfg(test)]
mod tests;
mod verdict;

pub use judge::{judge, statement};
pub use keys::TrustedKeys;
pub use metrics::TrustMetrics;
pub use ring::{KeyRing, TrustedKey};
pub use settings::{TrustSettings, Unsigned};
pub use verdict::{KeyState, SignedBy, Trust};
