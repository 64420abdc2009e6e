//! Who asks, and until when an answer is of use.

use tokio::time::{Instant, timeout_at};

use crate::contract::Request;
use crate::errors::{ApiError, catalogue};

/// A request on its way to its answer.
#[derive(Clone)]
pub struct Context {
    pub request: Request,
    /// Until when an answer is of use.
    pub deadline: Instant,
}

impl Context {
    /// Waits for a part of the work, at most until the answer is of no use any more.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, ApiError> {
        timeout_at(self.deadline, work).await.map_err(|_| catalogue::TIMEOUT.into())
    }
}
