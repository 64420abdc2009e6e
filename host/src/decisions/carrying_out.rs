//! Carrying out: in a task of its own, whole or not at all, and what an error of it means to the
//! caller.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::Context;
use crate::errors::{ApiError, catalogue};
use crate::store::StoreError;
use crate::telemetry::rarely;
use crate::tokens::SignError;

/// What an answer needs to get out before the time of a request is up.
const ANSWER: Duration = Duration::from_millis(50);
/// If less than this part of a request's time is left, nothing is begun: its outcome could no
/// longer be told.
const WRITE: u32 = 8;

pub(super) struct CarryingOut {
    /// Work that must end even if its client is gone.
    pub(super) tasks: TaskTracker,
    /// The time of a request.
    pub(super) request_limit: Duration,
}

impl CarryingOut {
    /// Once begun it ends, whatever becomes of the client. If the time is up first, nobody knows
    /// yet how, and that is what the caller is told.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        context: &Context,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        if Instant::now() + self.request_limit / WRITE > context.deadline {
            return Err(catalogue::TIMEOUT.into());
        }
        let task = self.tasks.spawn(work.instrument(tracing::Span::current()));
        match timeout_at(context.deadline - ANSWER, task).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panic)) => {
                tracing::error!(%panic, "carrying out a decision failed");
                Err(catalogue::INTERNAL.into())
            }
            Err(_) => {
                rarely!(
                    error,
                    "the database did not answer in time; what was begun may be done or not"
                );
                Err(catalogue::OUTCOME_UNKNOWN.into())
            }
        }
    }
}

/// What an error of the database means to the caller.
pub(super) fn store_error(error: &StoreError) -> ApiError {
    rarely!(error, %error, "the database failed");
    match error {
        StoreError::Unavailable(_) => catalogue::UNAVAILABLE.into(),
        StoreError::OutcomeUnknown(_) => catalogue::OUTCOME_UNKNOWN.into(),
        StoreError::Damaged(_) | StoreError::FileDamaged(_) => catalogue::INTERNAL.into(),
    }
}

/// Nothing was written: the host itself cannot make a token.
pub(super) fn sign_error(error: &SignError) -> ApiError {
    rarely!(error, %error, "an access token could not be signed");
    catalogue::INTERNAL.into()
}
