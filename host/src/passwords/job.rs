//! What a hash thread is asked, and what it answers.

use tokio::sync::oneshot;

use super::password::Password;

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The queue is full, or the service is stopping.
    #[error("the queue of the hash threads is full")]
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

pub(super) enum Job {
    Hash(Password, oneshot::Sender<Result<String, HashError>>),
    Verify(Password, String, oneshot::Sender<Result<Verified, HashError>>),
}
