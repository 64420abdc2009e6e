//! The thread on which shadows run, one after the other: of a lower priority than those that
//! answer requests, so that it takes what they leave.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::job::{About, Job};
use super::kind::Kind;
use super::queue::Jobs;
use super::shadows::Shadows;
use super::upshot::{Decided, Upshot};
use crate::capabilities::Recording;
use crate::contract::{Login, Refresh, Register, Slot};
use crate::decisions::checks::{Checked, settle};
use crate::policy::health::{CallOutcome, Cause, GroupCounts, Observed};
use crate::policy::rollout::Trial;
use crate::policy::runtime::{Shadowed, shadow};

/// A call that has waited for so long is not followed any more: what the candidate would ask of the
/// database has changed since.
const MOST_AGE: Duration = Duration::from_secs(10);
/// A shadow gives way to requests, so its wall-clock time says little of it. Its processor time is
/// bounded as that of any call.
const MOST_TIME: Duration = Duration::from_secs(10);
/// As `nice` counts.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Starts the thread; whoever waits for what is returned waits for its end.
pub(super) fn start(shadows: &Arc<Shadows>, stop: CancellationToken) -> oneshot::Receiver<()> {
    let (end, ended) = oneshot::channel();
    let shadows = Arc::clone(shadows);
    let span = tracing::Span::current();
    let work = move || {
        let _span = span.entered();
        // It is dropped with the thread, however that ends.
        let _end = end;
        give_way();
        let jobs = shadows.queue.take_jobs();
        match (Builder::new_current_thread().enable_all().build(), jobs) {
            (Ok(runtime), Some(jobs)) => runtime.block_on(follow(&shadows, jobs, &stop)),
            (Err(error), _) => tracing::error!(%error, "candidates cannot follow calls"),
            (Ok(_), None) => {}
        }
    };
    if let Err(error) = thread::Builder::new().name("shadows".into()).spawn(work) {
        tracing::error!(%error, "candidates cannot follow calls: there is no thread for it");
    }
    ended
}

/// Of this thread only, and where the system has no such thing, not at all.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "the thread of shadows keeps the priority of requests");
    }
}

/// Follows call by call until it is told to stop; who waits then is skipped.
async fn follow(shadows: &Arc<Shadows>, mut jobs: Jobs, stop: &CancellationToken) {
    let stopping = Kind::Skipped("stopping");
    loop {
        let job = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            job = jobs.next() => job,
        };
        let Some(job) = job else { break };
        shadows.metrics.queue.dec();
        let (trial, about) = (Arc::clone(&job.trial), job.about.clone());
        // In a task of its own: a panic of the host's in it ends neither the thread nor the
        // process.
        let mut task = tokio::spawn(compare(Arc::clone(shadows), job));
        let kind = tokio::select! {
            compared = &mut task => compared.unwrap_or_else(|panic| {
                tracing::error!(%panic, "a shadow failed");
                Kind::Skipped("failed")
            }),
            () = stop.cancelled() => {
                task.abort();
                stopping.clone()
            }
        };
        shadows.count(&shadows.compared, &trial, &kind, Some(&about));
    }
    for job in jobs.close() {
        shadows.metrics.queue.dec();
        shadows.count(&shadows.compared, &job.trial, &stopping, None);
    }
}

async fn compare(shadows: Arc<Shadows>, job: Job) -> Kind {
    if job.offered.elapsed() > MOST_AGE {
        return Kind::Skipped("too_old");
    }
    if !shadows.goes_on(&job.trial) {
        return Kind::Skipped("over");
    }
    let Job { trial, about, recording, active, .. } = job;
    let active_time = recording.processor_time();
    let shadowed = match trial.generation.identity.slot {
        Slot::Register => candidate::<Register>(&shadows, &trial, recording).await,
        Slot::Login => candidate::<Login>(&shadows, &trial, recording).await,
        Slot::Refresh => candidate::<Refresh>(&shadows, &trial, recording).await,
    };
    match shadowed {
        Ok((candidate, time)) => {
            let kind = Kind::of(&active, &candidate);
            count(&shadows, &trial.active, &about, (&active, active_time));
            count(&shadows, &trial.candidate, &about, (&candidate, time));
            kind
        }
        Err(kind) => kind,
    }
}

/// What the candidate's call comes to, and its processor time; else why that is not known.
async fn candidate<C: Checked>(
    shadows: &Shadows,
    trial: &Trial,
    recording: Recording,
) -> Result<(Upshot, Duration), Kind> {
    let candidate = &trial.generation;
    let deadline = Instant::now() + MOST_TIME;
    match shadow::<C>(candidate, &shadows.services, recording, deadline).await {
        Shadowed::Decided(decision, state) => {
            let time = Duration::from_nanos(state.budget.processor.nanoseconds());
            let upshot = match settle::<C>(decision, *state) {
                Ok((decision, outcome)) => {
                    Upshot::of::<C>(&decision, &outcome.writes, &candidate.identity.manifest)
                }
                Err(_) => Upshot::fault(Cause::Decision),
            };
            Ok((upshot, time))
        }
        Shadowed::Fault(cause, time) => Ok((Upshot::fault(cause), time)),
        Shadowed::NotComparable(why) => Err(Kind::NotComparable(why)),
        Shadowed::Skipped(why) => Err(Kind::Skipped(why)),
    }
}

/// Both groups are of the same calls, in the same time.
fn count(
    shadows: &Shadows,
    group: &GroupCounts,
    about: &About,
    (upshot, time): (&Upshot, Duration),
) {
    let key = &shadows.services.keys.policy_health;
    let outcome = match &upshot.decided {
        Decided::Accepted => CallOutcome::Accepted,
        Decided::Refused(code) => CallOutcome::Refused(code),
        Decided::Fault(cause) => CallOutcome::Fault(*cause),
    };
    let network = about.network.map(|network| network.hash(key));
    group.count(&Observed { subject: about.subject.hash(key), network, outcome, time });
}
