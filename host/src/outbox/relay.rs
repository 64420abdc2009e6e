//! The life of the relay: it starts its lanes, and at a stop it lets them end what they have in
//! hand before it takes the connection away.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::lane::{Lane, Shared};
use super::lease;
use super::ledger::Ledger;
use super::measure::measure;
use super::metrics::RelayMetrics;
use super::publisher::Publisher;
use super::rabbitmq::RabbitPublisher;
use super::settings::RelaySettings;
use super::settle::Settlement;
use super::sink::Sink;
use super::supervisor::Supervisor;
use crate::clock::Clock;
use crate::shutdown::StopDeadline;
use crate::store::Store;
use crate::wake::Wake;

/// Batches that the broker has at once.
const WINDOW: usize = 3;
/// One more: while the broker has its batches, another is marked or leased.
const LANES: usize = WINDOW + 1;

/// All that the relay works with.
pub struct Relay {
    /// The outbox is in it.
    pub store: Store,
    /// Where it publishes them; shared with whoever tells operators of it.
    pub sink: Sink,
    /// The readiness answer reads what waits from them as well.
    pub metrics: Arc<RelayMetrics>,
    /// The one that events' times are of.
    pub clock: Clock,
    /// Wakes it after a commit.
    pub wake: Wake,
    /// Sizes and bounds, whatever the sink is.
    pub settings: RelaySettings,
    /// Tells it to stop.
    pub stop: CancellationToken,
    /// When it has to have stopped.
    pub deadline: StopDeadline,
}

impl Relay {
    /// Publishes until it is told to stop; batches in hand are finished first. If it ends before it
    /// was told to, a part of it ended by itself: that is a fault of ours.
    pub async fn run(self) {
        let stop_link = CancellationToken::new();
        // Events of the time before.
        self.wake.wake();
        let mut tasks = self.start_tasks(&stop_link);
        let mut lanes = self.start_lanes();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            _ = tasks.join_next() => return,
            _ = lanes.join_next() => return,
        }
        // The connection is there for the last confirms, as long as there is time to write down
        // what came of them: half of what is left.
        let ended = async { while lanes.join_next().await.is_some() {} };
        let _ = timeout(self.deadline.left() / 2, ended).await;
        stop_link.cancel();
        while lanes.join_next().await.is_some() {}
        while tasks.join_next().await.is_some() {}
    }

    /// What runs beside the lanes.
    fn start_tasks(&self, stop_link: &CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let metrics = &self.metrics;
        if let Sink::Rabbit(link) = &self.sink {
            let supervisor = Supervisor {
                link: Arc::clone(link),
                metrics: Arc::clone(metrics),
                stop: stop_link.clone(),
            };
            tasks.spawn(supervisor.run().in_current_span());
        }
        let (store, clock, stop) = (self.store.clone(), self.clock.clone(), self.stop.clone());
        tasks.spawn(measure(store, clock, Arc::clone(metrics), stop).in_current_span());
        tasks
    }

    fn start_lanes(&self) -> JoinSet<()> {
        let shared = Arc::new(self.shared());
        let mut lanes = JoinSet::new();
        for publisher in self.publishers() {
            lanes.spawn(Lane::new(publisher, Arc::clone(&shared)).run().in_current_span());
        }
        lanes
    }

    /// One for each lane.
    fn publishers(&self) -> Vec<Publisher> {
        match &self.sink {
            Sink::File(sink) => vec![Publisher::File(sink.clone())],
            Sink::Rabbit(link) => {
                let publisher =
                    || RabbitPublisher::new(Arc::clone(link), Arc::clone(&self.metrics));
                (0..LANES).map(|_| Publisher::Rabbit(publisher())).collect()
            }
        }
    }

    fn shared(&self) -> Shared {
        Shared {
            store: self.store.clone(),
            metrics: Arc::clone(&self.metrics),
            settlement: Settlement {
                store: self.store.clone(),
                clock: self.clock.clone(),
                metrics: Arc::clone(&self.metrics),
                ledger: Ledger::new(self.settings.max_attempts),
            },
            wake: self.wake.clone(),
            stop: self.stop.clone(),
            batch: self.settings.batch,
            lease: lease::length(self.sink.confirm_timeout()),
            turn: Mutex::default(),
            window: Semaphore::new(WINDOW),
        }
    }
}
