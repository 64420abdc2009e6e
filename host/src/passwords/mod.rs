//! Passwords: argon2id (RFC 9106) on native threads of their own. Their number and their queue are
//! bounded; beyond, the answer is "busy", at once. Each thread reserves its memory at its first
//! hash and reuses it.
//!
//! bcrypt hashes of the old service are verified and replaced. While one is left, a failed
//! verification costs what both algorithms cost, whatever hash the account has, or none: nobody can
//! tell imported, new and unknown accounts apart.

mod hasher;
mod job;
mod metrics;
mod password;
mod stored;
#[cfg(test)]
mod tests;
mod thread;

pub use hasher::{HashSettings, PasswordHasher};
pub use job::{HashError, Verified};
pub use metrics::HashMetrics;
pub use password::Password;
pub use stored::{MAX_BCRYPT_COST, StoredHash};
