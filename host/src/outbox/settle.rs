//! Writing down what became of a batch: what was confirmed is marked, what was not goes back, and what cannot be sent is given up in the end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Blame, Failure, Outcome, backoff};
use crate::app::App;
use crate::clock::milliseconds;
use crate::store::{OutboxEvent, Undelivered};

/// What the lanes remember of failures, to tell a bad event from a bad broker.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    /// When an event of this type was last confirmed.
    confirmed: HashMap<String, Instant>,
    /// When an event first failed alone.
    failed: HashMap<i64, Instant>,
}

impl Ledger {
    fn confirmed(&self, event: &OutboxEvent) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.confirmed.insert(event.event_type.clone(), Instant::now());
        entries.failed.remove(&event.sequence);
    }

    /// An event failed alone; whether others of its type got through since it first did.
    fn only_this_fails(&self, event: &OutboxEvent) -> bool {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.failed.len() > 10_000 {
            entries.failed.clear();
        }
        let first = *entries.failed.entry(event.sequence).or_insert_with(Instant::now);
        entries.confirmed.get(&event.event_type).is_some_and(|confirmed| *confirmed > first)
    }
}

/// Marks, gives back, counts and logs; whether everything was confirmed and marked.
pub(super) async fn settle(
    app: &App,
    ledger: &Ledger,
    owner: Uuid,
    batch: &[OutboxEvent],
    outcomes: Vec<Outcome>,
    deadline: Instant,
) -> bool {
    let alone = batch.len() == 1;
    let (mut confirmed, mut failed) = (Vec::new(), Vec::new());
    for (event, outcome) in batch.iter().zip(outcomes) {
        match outcome {
            Outcome::Confirmed => {
                ledger.confirmed(event);
                app.services.metrics.outbox_publish.with_label_values(&["ack"]).inc();
                confirmed.push(event);
            }
            Outcome::Failed(failure) => {
                app.services.metrics.outbox_publish.with_label_values(&[failure.result]).inc();
                failed.push(undelivered(app, ledger, event, failure, alone));
            }
        }
    }
    let marked = confirmed.is_empty() || mark(app, owner, &confirmed, deadline).await;
    if let Some(first) = failed.first() {
        tracing::warn!(events = failed.len(), error = first.error, "events were not published; they wait in the outbox");
        if let Err(error) = app.services.store.outbox_undelivered(owner, &failed).await {
            tracing::error!(%error, "what was not published cannot be given back; it is free when its lease ends");
        }
    }
    marked && failed.is_empty()
}

/// What to write down of an event that failed.
fn undelivered(app: &App, ledger: &Ledger, event: &OutboxEvent, failure: Failure, alone: bool) -> Undelivered {
    let own = match failure.blame {
        Blame::Sink => false,
        Blame::Suspect => alone && event.suspect && ledger.only_this_fails(event),
        Blame::Event => true,
    };
    let attempts = event.attempts + u32::from(own);
    let dead = own && attempts >= app.config.outbox_max_attempts;
    let wait = match failure.blame {
        Blame::Sink => Duration::ZERO,
        Blame::Suspect | Blame::Event => backoff(attempts.max(1), Duration::from_secs(1), Duration::from_mins(5)),
    };
    let now = app.services.clock.now();
    if dead {
        app.services.metrics.outbox_dead_total.inc();
        tracing::error!(message_id = event.message_id, event = event.event_type, attempts, error = failure.error, "event given up");
    }
    Undelivered {
        sequence: event.sequence,
        error: failure.error,
        attempts,
        suspect: event.suspect || failure.blame != Blame::Sink,
        not_before: now + milliseconds(wait),
        dead,
    }
}

/// Marks what was confirmed. While the database is away it tries again as long as the lease allows: what is not marked is sent twice.
async fn mark(app: &App, owner: Uuid, confirmed: &[&OutboxEvent], deadline: Instant) -> bool {
    let sequences: Vec<i64> = confirmed.iter().map(|event| event.sequence).collect();
    let mut tries = 0;
    let marked = loop {
        match app.services.store.outbox_published(owner, &sequences).await {
            Ok(marked) => break marked,
            Err(error) if Instant::now() < deadline => {
                tries += 1;
                tracing::warn!(%error, tries, "what was published cannot be marked; trying again");
                tokio::time::sleep(backoff(tries, Duration::from_millis(100), Duration::from_secs(1))).await;
            }
            Err(error) => {
                tracing::error!(%error, events = sequences.len(), "what was published cannot be marked; it will be sent again");
                return false;
            }
        }
    };
    let metrics = &app.services.metrics;
    let lost = (sequences.len() as u64).saturating_sub(marked);
    metrics.outbox_leases_lost.inc_by(lost);
    if lost > 0 {
        tracing::warn!(lost, "leases had ended before the events were marked; they may be sent twice");
    }
    let now = app.services.clock.now();
    for event in confirmed {
        #[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
        metrics.outbox_commit_to_ack.observe((now - event.created_at).max(0) as f64 / 1000.0);
        metrics.outbox_attempts.observe(f64::from(event.attempts + 1));
        tracing::info!(message_id = event.message_id, event = event.event_type, "event published");
    }
    true
}
