//! What a hash thread is asked.

use tokio::sync::oneshot;

use super::outcome::{HashError, Verified};
use super::password::Password;
use super::turns::Turn;

/// A hash to be made, with the turn that it takes until it is done.
pub(super) struct Job {
    pub(super) turn: Turn,
    pub(super) work: Work,
}

pub(super) enum Work {
    Hash(Password, oneshot::Sender<Result<String, HashError>>),
    Verify(Password, String, oneshot::Sender<Result<Verified, HashError>>),
}

impl Work {
    /// Whether nobody waits for the answer any more.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(_, answer) => answer.is_closed(),
            Self::Verify(_, _, answer) => answer.is_closed(),
        }
    }
}
