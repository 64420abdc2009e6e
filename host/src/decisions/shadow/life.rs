//! The life of shadows beside the service: what was counted goes into the database each second, and
//! once more at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::shadows::Shadows;
use super::worker;
use crate::store::StoreError;
use crate::telemetry::rarely;

/// So often what was counted is written.
const EVERY: Duration = Duration::from_secs(1);

impl Shadows {
    /// Lets candidates follow calls until it is told to stop, and writes what came of it.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut worker_ended = worker::start(&self, stop.clone());
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // Nothing would follow calls any more: the service ends with this part of it.
                _ = &mut worker_ended => {
                    tracing::error!("the thread of shadows has ended by itself");
                    return self.write().await;
                }
                _ = every.tick() => self.write().await,
            }
        }
        // An error says that it has ended.
        let _ = worker_ended.await;
        self.write().await;
    }

    /// Writes what was counted; what the database does not take now, it gets later.
    async fn write(&self) {
        for tally in [&self.offered, &self.compared] {
            for new in tally.take() {
                match self.services.store.differences_add(&new).await {
                    Ok(()) => {}
                    // Counted once or not at all, but never twice.
                    Err(error @ StoreError::OutcomeUnknown(_)) => {
                        tracing::warn!(%error, "differences of a second may be lost");
                    }
                    Err(error) => {
                        rarely!(warn, %error, "differences wait for the database");
                        tally.give_back(new);
                    }
                }
            }
        }
    }
}
