//! What comes of a hash.

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// All places are taken, or given to somebody who has fewer, or the service is stopping.
    #[error("no place is left at the hash threads")]
    Busy,
    /// argon2 did not take its input.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// What a verification found.
pub struct Verified {
    /// Whether it is the account's password.
    pub matches: bool,
    /// A hash with the current parameters, if it matches and the stored one is older.
    pub rehashed: Option<String>,
}
