//! Writing down what became of a batch: what was confirmed is marked, what was not goes back, and
//! what cannot be sent is given up in the end. Nothing is marked before it is confirmed, and what
//! cannot be written down is sent again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::backoff;
use super::lease::Lease;
use super::ledger::Ledger;
use super::metrics::RelayMetrics;
use super::outcome::{Blame, Outcome, PublishResult};
use crate::clock::Clock;
use crate::store::{OutboxEvent, Store, Undelivered};
use crate::telemetry::rarely;

/// What became of a batch. What waits for its own matter (its queue, a refusal) does not count if
/// others were confirmed or failed with the sink.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    All,
    Some,
    None,
    /// All of it waits for its own matter: nothing can go now that could not before.
    Later,
}

impl Settled {
    /// One answer for two batches.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Later) | (Self::Later, one) => one,
            (one, other) if one == other => one,
            _ => Self::Some,
        }
    }
}

/// Who writes down, counts and logs.
pub(super) struct Settlement {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<RelayMetrics>,
    pub(super) ledger: Ledger,
}

impl Settlement {
    /// Writes down what became of a batch, one outcome for each event.
    pub(super) async fn settle(
        &self,
        lease: Lease,
        batch: &[OutboxEvent],
        outcomes: Vec<Outcome>,
    ) -> Settled {
        let alone = batch.len() == 1;
        let (mut confirmed, mut undelivered, mut by_sink) = (Vec::new(), Vec::new(), false);
        for (event, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Confirmed => {
                    self.ledger.confirmed(event);
                    self.count(PublishResult::Ack);
                    confirmed.push(event);
                }
                Outcome::Unpublished(unpublished) => {
                    self.count(unpublished.result);
                    by_sink |= unpublished.blame == Blame::Sink;
                    let now = self.clock.now();
                    undelivered.push(self.ledger.undelivered(event, unpublished, alone, now));
                }
            }
        }
        let marked = confirmed.is_empty() || self.mark(lease, &confirmed).await;
        self.give_back(lease, batch, &undelivered).await;
        match (marked, by_sink) {
            (true, false) if confirmed.is_empty() => Settled::Later,
            (true, false) => Settled::All,
            (true, true) if !confirmed.is_empty() => Settled::Some,
            _ => Settled::None,
        }
    }

    fn count(&self, result: PublishResult) {
        self.metrics.publish.with_label_values(&[result.as_str()]).inc();
    }

    /// What was not published is free for the next lease, or given up.
    async fn give_back(&self, lease: Lease, batch: &[OutboxEvent], undelivered: &[Undelivered]) {
        let Some(first) = undelivered.first() else { return };
        rarely!(
            warn,
            events = undelivered.len(),
            error = first.error,
            "events were not published; they wait in the outbox"
        );
        if let Err(error) = self.store.outbox_undelivered(lease.owner, undelivered).await {
            rarely!(
                error,
                %error,
                "what was not published cannot be given back; it is free when its lease ends"
            );
            return;
        }
        for dead in undelivered.iter().filter(|event| event.dead) {
            self.metrics.dead_total.inc();
            let (attempts, error) = (dead.attempts, &dead.error);
            let event = batch.iter().find(|event| event.sequence == dead.sequence);
            let (message_id, event) =
                event.map(|event| (&event.message_id, &event.event_type)).unzip();
            tracing::error!(message_id, event, attempts, error, "event given up");
        }
    }

    /// Marks what was confirmed; whether that was done.
    async fn mark(&self, lease: Lease, confirmed: &[&OutboxEvent]) -> bool {
        let sequences: Vec<i64> = confirmed.iter().map(|event| event.sequence).collect();
        let Some(marked) = self.mark_within(lease, &sequences).await else { return false };
        let lost = (sequences.len() as u64).saturating_sub(marked);
        self.metrics.leases_lost.inc_by(lost);
        if lost > 0 {
            tracing::warn!(
                lost,
                "leases had ended before the events were marked; they may be sent twice"
            );
        }
        let now = self.clock.now();
        for event in confirmed {
            #[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
            let seconds = (now - event.created_at).max(0) as f64 / 1000.0;
            self.metrics.commit_to_ack.observe(seconds);
            self.metrics.attempts.observe(f64::from(event.attempts + 1));
            let (message_id, event) = (&event.message_id, &event.event_type);
            tracing::info!(message_id, event, "event published");
        }
        true
    }

    /// While the database is away it tries again as long as the lease allows: what is not marked is
    /// sent twice. How many were still ours; none if it could not be told.
    async fn mark_within(&self, lease: Lease, sequences: &[i64]) -> Option<u64> {
        let mut tries = 0;
        loop {
            match self.store.outbox_published(lease.owner, sequences).await {
                Ok(marked) => return Some(marked),
                Err(error) if Instant::now() < lease.end() => {
                    tries += 1;
                    rarely!(
                        warn,
                        %error,
                        tries,
                        "what was published cannot be marked; trying again"
                    );
                    let (first, most) = (Duration::from_millis(100), Duration::from_secs(1));
                    tokio::time::sleep(backoff(tries, first, most)).await;
                }
                Err(error) => {
                    rarely!(
                        error,
                        %error,
                        events = sequences.len(),
                        "what was published cannot be marked; it will be sent again"
                    );
                    return None;
                }
            }
        }
    }
}
