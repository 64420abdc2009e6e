//! One way to the sink, whichever it is: a lane has one of its own, and asks it whether it makes
//! sense to lease events before it leases them.

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::file::FileSink;
use super::outcome::Outcome;
use super::rabbitmq::RabbitPublisher;
use crate::store::OutboxEvent;

/// Takes batches to the sink, one at a time.
pub(super) enum Publisher {
    File(FileSink),
    Rabbit(RabbitPublisher),
}

impl Publisher {
    /// Waits until it makes sense to lease events; false if it was told to stop meanwhile.
    pub(super) async fn ready(&mut self, stop: &CancellationToken) -> bool {
        match self {
            Self::File(_) => !stop.is_cancelled(),
            Self::Rabbit(publisher) => stop.run_until_cancelled(publisher.ready()).await.is_some(),
        }
    }

    /// The same within a lease: what is in hand is published also if it was told to stop.
    pub(super) async fn still_ready(
        &mut self,
        stop: &CancellationToken,
        deadline: Instant,
    ) -> bool {
        let is_ready = match self {
            Self::File(_) => true,
            Self::Rabbit(publisher) => publisher.is_ready(),
        };
        Instant::now() < deadline
            && (is_ready || timeout_at(deadline, self.ready(stop)).await == Ok(true))
    }

    /// Publishes a batch: one outcome for each event.
    pub(super) async fn publish(&mut self, events: &[OutboxEvent]) -> Vec<Outcome> {
        match self {
            Self::File(sink) => sink.publish(events).await,
            Self::Rabbit(publisher) => publisher.publish(events).await,
        }
    }
}
