//! Passwords: argon2id (RFC 9106) on native threads of their own. Their number and the places to
//! wait are bounded and shared fairly by address and account; beyond, the answer is "busy", at
//! once. Each thread reserves its memory at its first hash and reuses it.
//!
//! bcrypt hashes of the old service are verified and replaced. While one is left, a failed
//! verification costs what both algorithms cost, whatever hash the account has, or none: nobody can
//! tell imported, new and unknown accounts apart.

mod asker;
mod hasher;
mod job;
mod lines;
mod metrics;
mod outcome;
mod password;
mod settings;
mod stored;
#[cfg(test)]
mod tests;
mod thread;
mod turns;

pub use asker::Asker;
pub use hasher::PasswordHasher;
pub use metrics::HashMetrics;
pub use outcome::{HashError, Verified};
pub use password::Password;
pub use settings::HashSettings;
pub use stored::{MAX_BCRYPT_COST, StoredHash};
pub use turns::Turn;
