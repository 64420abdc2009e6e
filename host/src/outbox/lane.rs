//! A lane leases a batch, publishes it, and marks what was confirmed. Lanes take turns in looking
//! for events: two that looked at the same moment would find the same.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::time::{timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backoff::pause;
use super::lease::Lease;
use super::metrics::RelayMetrics;
use super::outcome::{Outcome, PublishResult, Unpublished};
use super::publisher::Publisher;
use super::settle::{Settled, Settlement};
use crate::keys;
use crate::store::{OutboxEvent, Store};
use crate::telemetry::rarely;
use crate::wake::Wake;

/// Waking is the hint, looking is the truth: for events whose replica is gone. Half of it is added
/// at random.
const POLL: Duration = Duration::from_millis(400);

/// What the lanes share.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) metrics: Arc<RelayMetrics>,
    pub(super) settlement: Settlement,
    pub(super) wake: Wake,
    pub(super) stop: CancellationToken,
    /// At most so many events in a batch.
    pub(super) batch: u32,
    /// The length of each lease.
    pub(super) lease: Duration,
    /// One lane at a time waits for events and leases them.
    pub(super) turn: Mutex<()>,
    /// A place for each batch that the sink may have at once.
    pub(super) window: Semaphore,
}

impl Shared {
    /// Waits until there may be events; false if it was told to stop meanwhile.
    async fn due(&self) -> bool {
        let jitter = Duration::from_millis(u64::from(keys::random::<1>()[0]));
        self.stop.run_until_cancelled(timeout(POLL + jitter, self.wake.notified())).await.is_some()
    }
}

/// One lane, with a way to the sink of its own.
pub(super) struct Lane {
    owner: Uuid,
    publisher: Publisher,
    shared: Arc<Shared>,
    /// Since it last went well.
    failures: u32,
    /// Events that it leases at once: fewer after a failure.
    most: u32,
}

impl Lane {
    pub(super) fn new(publisher: Publisher, shared: Arc<Shared>) -> Self {
        // Random: a restarted process never takes itself for the one before.
        let owner = Uuid::from_bytes(keys::random());
        let most = shared.batch;
        Self { owner, publisher, shared, failures: 0, most }
    }

    /// Works until it is told to stop.
    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(turn) = shared.stop.run_until_cancelled(shared.turn.lock()).await {
            if !shared.due().await || !self.publisher.ready(&shared.stop).await {
                return;
            }
            let lease = Lease::begin(self.owner, shared.lease);
            match shared.store.outbox_lease(self.owner, self.most, shared.lease).await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => {
                    drop(turn);
                    self.work(lease, events).await;
                }
                Err(error) => {
                    rarely!(error, %error, "events cannot be read; they wait in the outbox");
                    self.most = (self.most / 2).max(1);
                    self.failures += 1;
                    shared.wake.wake();
                    pause(self.failures, &shared.stop).await;
                }
            }
        }
    }

    /// Publishes what was leased, and learns from how that went.
    async fn work(&mut self, lease: Lease, events: Vec<OutboxEvent>) {
        if events.len() >= self.most as usize {
            // There may be more.
            self.shared.wake.wake();
        }
        let settled = self.publish(lease, events).await;
        if settled != Settled::Later {
            // What was behind these, or was given back, may go now.
            self.shared.wake.wake();
        }
        // A broker that is too slow for a batch of that size gets smaller ones.
        self.most = match settled {
            Settled::All => self.most.saturating_mul(2).min(self.shared.batch),
            Settled::Some | Settled::Later => self.most,
            Settled::None => (self.most / 2).max(1),
        };
        self.failures = match settled {
            Settled::All | Settled::Later => 0,
            Settled::Some | Settled::None => self.failures + 1,
        };
        pause(self.failures, &self.shared.stop).await;
    }

    /// Publishes what was leased, suspects one by one, and writes down what came of it.
    async fn publish(&mut self, lease: Lease, events: Vec<OutboxEvent>) -> Settled {
        let (suspects, others): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| event.suspect);
        let batches = [others]
            .into_iter()
            .chain(suspects.into_iter().map(|suspect| vec![suspect]))
            .filter(|batch| !batch.is_empty());
        let mut all = Vec::new();
        for batch in batches {
            let outcomes = self.outcomes(lease, &batch).await;
            all.push(self.shared.settlement.settle(lease, &batch, outcomes).await);
        }
        all.into_iter().reduce(Settled::and).unwrap_or(Settled::All)
    }

    /// Publishes a batch, if it comes to its turn in time.
    async fn outcomes(&mut self, lease: Lease, batch: &[OutboxEvent]) -> Vec<Outcome> {
        let Shared { stop, window, metrics, .. } = &*self.shared;
        match timeout_at(lease.half(), window.acquire()).await {
            // One that was refused may have cost the channel.
            Ok(Ok(_place)) if self.publisher.still_ready(stop, lease.half()).await => {
                let size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
                metrics.batch_size.observe(f64::from(size));
                let _timed = metrics.publish_seconds.start_timer();
                self.publisher.publish(batch).await
            }
            _ => {
                let error = "its turn came too late";
                let missed = Unpublished::by_sink(PublishResult::Timeout, error);
                batch.iter().map(|_| Outcome::Unpublished(missed.clone())).collect()
            }
        }
    }
}
