//! The relay: takes committed events out of the outbox and publishes them, in order of their keys,
//! at least once, never before they are committed and never forgotten after.
//!
//! A lane leases a batch, publishes it, and marks what was confirmed. Whatever happens in between
//! (a crash, a broker that dies or freezes, a database that goes away), the lease runs out and
//! somebody publishes the batch again under the same message ids.

mod file;
mod link;
mod measure;
mod rabbitmq;
mod settle;
mod socket;
mod topology;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::app::App;
use crate::keys;
use crate::store::OutboxEvent;

pub use file::FileSink;
pub use link::{AmqpSettings, Link};
use rabbitmq::RabbitLane;
use settle::{Ledger, Settled};

/// How long a lane holds what it leased, beside twice the time limit of confirms. A crash delays
/// its events by that.
const LEASE: Duration = Duration::from_secs(5);
/// Waking is the hint, looking is the truth: for events whose replica is gone. Half of it is added
/// at random.
const POLL: Duration = Duration::from_millis(400);
/// Batches that the broker has at once.
const WINDOW: usize = 3;
/// One more: while the broker has its batches, another is marked or leased.
const LANES: usize = WINDOW + 1;

/// Where events go.
#[derive(Clone)]
pub enum Sink {
    /// A file, for one machine.
    File(FileSink),
    /// RabbitMQ.
    Rabbit(Arc<Link>),
}

impl Sink {
    /// What an operator wants to know.
    pub fn status(&self) -> Value {
        match self {
            Self::File(sink) => json!({ "sink": "file", "detail": sink.path() }),
            Self::Rabbit(link) => link.status(),
        }
    }
}

/// What became of one event.
enum Outcome {
    /// It is safe with the sink.
    Confirmed,
    /// It is not, as far as we know.
    Failed(Failure),
}

/// Why an event was not published.
#[derive(Clone)]
struct Failure {
    /// The label in the metrics.
    result: &'static str,
    /// For the operator.
    error: String,
    blame: Blame,
}

/// Whose fault it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// The broker, the network, the disk: costs the event nothing.
    Sink,
    /// The queue, which is full, missing, or cannot keep it: costs the event nothing, but it has to
    /// wait, and others do not.
    Queue,
    /// Perhaps the event: it is sent alone next time, and what fails alone while others on the same
    /// way get through was its own fault.
    Suspect,
    /// The event: it can never be sent as it is.
    Event,
}

/// One way to the sink.
enum Lane {
    File(FileSink),
    Rabbit(RabbitLane),
}

impl Lane {
    /// Waits until it makes sense to lease events; false where it was told to stop meanwhile.
    async fn ready(&mut self, stop: &CancellationToken) -> bool {
        match self {
            Self::File(_) => !stop.is_cancelled(),
            Self::Rabbit(lane) => stop.run_until_cancelled(lane.ready()).await.is_some(),
        }
    }

    /// The same within a lease: what is in hand is published also where it was told to stop.
    async fn still_ready(&mut self, stop: &CancellationToken, deadline: Instant) -> bool {
        let is_ready = match self {
            Self::File(_) => true,
            Self::Rabbit(lane) => lane.is_ready(),
        };
        Instant::now() < deadline
            && (is_ready || timeout_at(deadline, self.ready(stop)).await == Ok(true))
    }

    /// Publishes a batch: one outcome for each event.
    async fn publish(&mut self, events: &[OutboxEvent]) -> Vec<Outcome> {
        match self {
            Self::File(sink) => sink.publish(events).await,
            Self::Rabbit(lane) => lane.publish(events).await,
        }
    }
}

/// What the lanes share.
struct Shared {
    ledger: Ledger,
    /// One lane at a time waits for events and leases them: two that look at the same moment would
    /// find the same.
    turn: Mutex<()>,
    window: Semaphore,
}

/// Publishes until it is told to stop; batches in hand are finished first.
pub async fn relay(app: Arc<App>, stop: CancellationToken) {
    let (mut tasks, mut lanes) = (JoinSet::new(), JoinSet::new());
    let shared = Arc::new(Shared {
        ledger: Ledger::default(),
        turn: Mutex::default(),
        window: Semaphore::new(WINDOW),
    });
    let run =
        |lane| run(Arc::clone(&app), lane, Arc::clone(&shared), stop.clone()).in_current_span();
    let stop_link = CancellationToken::new();
    // Events of the time before.
    app.outbox_wake.notify_one();
    match &app.sink {
        Sink::File(sink) => drop(lanes.spawn(run(Lane::File(sink.clone())))),
        Sink::Rabbit(link) => {
            tasks.spawn(
                Arc::clone(link).supervise(Arc::clone(&app), stop_link.clone()).in_current_span(),
            );
            for _ in 0..LANES {
                lanes.spawn(run(Lane::Rabbit(RabbitLane::new(
                    Arc::clone(link),
                    Arc::clone(&app.services.metrics),
                ))));
            }
        }
    }
    tasks.spawn(measure::measure(Arc::clone(&app), stop.clone()).in_current_span());
    // A part that ended before it was told to is a fault of ours: the service ends with it.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = tasks.join_next() => return,
        _ = lanes.join_next() => return,
    }
    // The connection is there for the last confirms, as long as there is time to write down what
    // came of them: half of what is left.
    let left = app
        .stop_by
        .get()
        .map_or(app.config.shutdown_timeout, |end| end.duration_since(Instant::now()));
    let _ = timeout(left / 2, async { while lanes.join_next().await.is_some() {} }).await;
    stop_link.cancel();
    while lanes.join_next().await.is_some() {}
    while tasks.join_next().await.is_some() {}
}

/// A lane's life: lease, publish, mark.
async fn run(app: Arc<App>, mut lane: Lane, shared: Arc<Shared>, stop: CancellationToken) {
    // Random: a restarted process never takes itself for the one before.
    let owner = Uuid::from_bytes(keys::random());
    let lease = LEASE + 2 * app.config.confirm_timeout();
    let (mut failures, mut most) = (0, app.config.outbox_batch);
    while let Some(turn) = stop.run_until_cancelled(shared.turn.lock()).await {
        if !due(&app, &stop).await || !lane.ready(&stop).await {
            return;
        }
        let begun = Instant::now();
        match app.services.store.outbox_lease(owner, most, lease).await {
            Ok(events) if events.is_empty() => {}
            Ok(events) => {
                drop(turn);
                if events.len() >= most as usize {
                    // There may be more.
                    app.outbox_wake.notify_one();
                }
                let settled =
                    publish(&app, &mut lane, &shared, owner, events, (begun, lease), &stop).await;
                if settled != Settled::Later {
                    // What was behind these, or was given back, may go now.
                    app.outbox_wake.notify_one();
                }
                // A broker that is too slow for a batch of that size gets smaller ones.
                most = match settled {
                    Settled::All => most.saturating_mul(2).min(app.config.outbox_batch),
                    Settled::Some | Settled::Later => most,
                    Settled::None => (most / 2).max(1),
                };
                failures =
                    if matches!(settled, Settled::All | Settled::Later) { 0 } else { failures + 1 };
                pause(failures, &stop).await;
            }
            Err(error) => {
                tracing::error!(%error, "events cannot be read; they wait in the outbox");
                most = (most / 2).max(1);
                failures += 1;
                app.outbox_wake.notify_one();
                pause(failures, &stop).await;
            }
        }
    }
}

/// Publishes what was leased, suspects one by one, and writes down what came of it.
async fn publish(
    app: &App,
    lane: &mut Lane,
    shared: &Shared,
    owner: Uuid,
    events: Vec<OutboxEvent>,
    (begun, lease): (Instant, Duration),
    stop: &CancellationToken,
) -> Settled {
    let (suspects, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.suspect);
    let batches = [others]
        .into_iter()
        .chain(suspects.into_iter().map(|suspect| vec![suspect]))
        .filter(|batch| !batch.is_empty());
    // What is begun past half of the lease could be confirmed after its end, when somebody else
    // sends it as well.
    let deadline = begun + lease / 2;
    let mut all = Vec::new();
    for batch in batches {
        let outcomes = match timeout_at(deadline, shared.window.acquire()).await {
            // One that was refused may have cost the channel.
            Ok(Ok(_place)) if lane.still_ready(stop, deadline).await => {
                app.services
                    .metrics
                    .outbox_batch_size
                    .observe(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
                let _timed = app.services.metrics.outbox_publish_seconds.start_timer();
                lane.publish(&batch).await
            }
            _ => {
                let missed = Failure {
                    result: "timeout",
                    error: "its turn came too late".into(),
                    blame: Blame::Sink,
                };
                batch.iter().map(|_| Outcome::Failed(missed.clone())).collect()
            }
        };
        all.push(settle::settle(app, &shared.ledger, owner, &batch, outcomes, begun + lease).await);
    }
    all.into_iter().reduce(Settled::and).unwrap_or(Settled::All)
}

/// Waits until there may be events; false where it was told to stop meanwhile.
async fn due(app: &App, stop: &CancellationToken) -> bool {
    let jitter = Duration::from_millis(u64::from(keys::random::<1>()[0]));
    stop.run_until_cancelled(timeout(POLL + jitter, app.outbox_wake.notified())).await.is_some()
}

/// The pause after so many failures on end: up to five seconds.
async fn pause(failures: u32, stop: &CancellationToken) {
    if failures > 0 {
        stop.run_until_cancelled(tokio::time::sleep(backoff(
            failures,
            Duration::from_millis(100),
            Duration::from_secs(5),
        )))
        .await;
    }
}

/// Exponential backoff with full jitter (at least a tenth): so long after the given number of
/// failures.
fn backoff(failures: u32, first: Duration, most: Duration) -> Duration {
    let whole =
        first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(20))).min(most);
    let share = f64::from(u16::from_le_bytes(keys::random())) / f64::from(u16::MAX);
    whole.mul_f64(0.1 + 0.9 * share)
}
