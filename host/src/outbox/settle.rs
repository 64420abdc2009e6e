//! Writing down what became of a batch: what was confirmed is marked, what was not goes back, and
//! what cannot be sent is given up in the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::topology::QUEUED_EVENT;
use super::{Blame, Failure, Outcome, backoff};
use crate::app::App;
use crate::clock::milliseconds;
use crate::store::{OutboxEvent, Undelivered};

/// What the lanes remember of failures, to tell a bad event from a bad broker.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    /// When any event was last confirmed.
    confirmed: Option<Instant>,
    /// When one was that goes to the queue as well.
    confirmed_queued: Option<Instant>,
    /// The events that failed alone: when last, and how often.
    failed: BTreeMap<i64, (Instant, u32)>,
}

/// The longest wait of an event that its queue does not take, or that is at fault itself.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Events whose failures are remembered: the oldest.
const REMEMBERED: usize = 10_000;

impl Ledger {
    fn confirmed(&self, event: &OutboxEvent) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(Instant::now());
        entries.confirmed = now;
        if event.event_type == QUEUED_EVENT {
            entries.confirmed_queued = now;
        }
        entries.failed.remove(&event.sequence);
    }

    /// An event failed alone: how often now, and whether others of its way got through since it
    /// last did.
    fn failed(&self, event: &OutboxEvent) -> (u32, bool) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let confirmed = if event.event_type == QUEUED_EVENT {
            entries.confirmed_queued
        } else {
            entries.confirmed
        };
        let before = entries.failed.get(&event.sequence).copied();
        let times = before.map_or(1, |(_, times)| times.saturating_add(1));
        entries.failed.insert(event.sequence, (Instant::now(), times));
        if entries.failed.len() > REMEMBERED {
            entries.failed.pop_last();
        }
        (times, before.is_some_and(|(last, _)| confirmed.is_some_and(|confirmed| confirmed > last)))
    }
}

/// What became of a batch. What waits for its own matter (its queue, a refusal) does not count
/// where others were confirmed or failed with the sink.
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

/// Marks, gives back, counts and logs.
pub(super) async fn settle(
    app: &App,
    ledger: &Ledger,
    owner: Uuid,
    batch: &[OutboxEvent],
    outcomes: Vec<Outcome>,
    lease_end: Instant,
) -> Settled {
    let alone = batch.len() == 1;
    let (mut confirmed, mut failed, mut sink_failed) = (Vec::new(), Vec::new(), false);
    for (event, outcome) in batch.iter().zip(outcomes) {
        match outcome {
            Outcome::Confirmed => {
                ledger.confirmed(event);
                app.services.metrics.outbox_publish.with_label_values(&["ack"]).inc();
                confirmed.push(event);
            }
            Outcome::Failed(failure) => {
                app.services.metrics.outbox_publish.with_label_values(&[failure.result]).inc();
                sink_failed |= failure.blame == Blame::Sink;
                failed.push(undelivered(app, ledger, event, failure, alone));
            }
        }
    }
    let marked = confirmed.is_empty() || mark(app, owner, &confirmed, lease_end).await;
    give_back(app, owner, batch, &failed).await;
    match (marked, sink_failed) {
        (true, false) if confirmed.is_empty() => Settled::Later,
        (true, false) => Settled::All,
        (true, true) if !confirmed.is_empty() => Settled::Some,
        _ => Settled::None,
    }
}

/// What was not published is free for the next lease, or given up.
async fn give_back(app: &App, owner: Uuid, batch: &[OutboxEvent], failed: &[Undelivered]) {
    let Some(first) = failed.first() else { return };
    tracing::warn!(
        events = failed.len(),
        error = first.error,
        "events were not published; they wait in the outbox"
    );
    if let Err(error) = app.services.store.outbox_undelivered(owner, failed).await {
        tracing::error!(%error, "what was not published cannot be given back; it is free when its lease ends");
        return;
    }
    for dead in failed.iter().filter(|event| event.dead) {
        app.services.metrics.outbox_dead_total.inc();
        let (attempts, error) = (dead.attempts, &dead.error);
        let event = batch.iter().find(|event| event.sequence == dead.sequence);
        let (message_id, event) = event.map(|event| (&event.message_id, &event.event_type)).unzip();
        tracing::error!(message_id, event, attempts, error, "event given up");
    }
}

/// What to write down of an event that failed.
fn undelivered(
    app: &App,
    ledger: &Ledger,
    event: &OutboxEvent,
    failure: Failure,
    alone: bool,
) -> Undelivered {
    let (times, others_got_through) = if failure.blame == Blame::Suspect && alone && event.suspect {
        ledger.failed(event)
    } else {
        (0, false)
    };
    let own =
        failure.blame == Blame::Event || failure.blame == Blame::Suspect && others_got_through;
    let attempts = event.attempts + u32::from(own);
    let now = app.services.clock.now();
    let wait = match failure.blame {
        Blame::Sink => Duration::ZERO,
        // A quarter of its age: many that wait for long do not get in the way of the others.
        Blame::Queue => {
            let age =
                Duration::from_millis(u64::try_from(now - event.created_at).unwrap_or_default());
            backoff(1, (age / 4).max(Duration::from_secs(1)), LONGEST_WAIT)
        }
        Blame::Suspect | Blame::Event => {
            backoff(times.max(attempts).max(1), Duration::from_secs(1), LONGEST_WAIT)
        }
    };
    Undelivered {
        sequence: event.sequence,
        error: failure.error,
        attempts,
        suspect: event.suspect || matches!(failure.blame, Blame::Suspect | Blame::Event),
        not_before: now + milliseconds(wait),
        dead: own && attempts >= app.config.outbox_max_attempts,
    }
}

/// Marks what was confirmed. While the database is away it tries again as long as the lease allows:
/// what is not marked is sent twice.
async fn mark(app: &App, owner: Uuid, confirmed: &[&OutboxEvent], lease_end: Instant) -> bool {
    let sequences: Vec<i64> = confirmed.iter().map(|event| event.sequence).collect();
    let mut tries = 0;
    let marked = loop {
        match app.services.store.outbox_published(owner, &sequences).await {
            Ok(marked) => break marked,
            Err(error) if Instant::now() < lease_end => {
                tries += 1;
                tracing::warn!(%error, tries, "what was published cannot be marked; trying again");
                tokio::time::sleep(backoff(
                    tries,
                    Duration::from_millis(100),
                    Duration::from_secs(1),
                ))
                .await;
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
        tracing::warn!(
            lost,
            "leases had ended before the events were marked; they may be sent twice"
        );
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
