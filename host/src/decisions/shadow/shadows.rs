//! What requests and the worker share: the queue between them, and what was counted.
//!
//! A request never waits here. The worker runs at a low priority, so it holds no lock that a
//! request needs while it computes: each side counts in a tally of its own, and what else they
//! share (the ends of queues, counters) is held for a few instructions.

use std::sync::Arc;

use tokio::time::Instant;

use super::ShadowMetrics;
use super::job::{About, Job};
use super::kind::Kind;
use super::queue::Queue;
use super::sample;
use super::tally::Tally;
use super::upshot::Upshot;
use crate::capabilities::{Recording, Services};
use crate::keys;
use crate::policy::rollout::Trial;
use crate::policy::serving::Generations;
use crate::store::registry::{DifferenceSample, RolloutMode, WHOLE};

/// Lets candidates follow calls.
pub struct Shadows {
    pub(super) services: Arc<Services>,
    generations: Arc<Generations>,
    replica: String,
    pub(super) queue: Queue,
    /// What requests counted.
    pub(super) offered: Tally,
    /// What the worker counted.
    pub(super) compared: Tally,
    pub(super) metrics: ShadowMetrics,
}

/// What [`Shadows`] are made from.
pub struct ShadowParts {
    pub services: Arc<Services>,
    /// Who says what is tried.
    pub generations: Arc<Generations>,
    /// The name of this replica, for samples.
    pub replica: String,
    pub metrics: ShadowMetrics,
}

impl Shadows {
    /// Nothing is followed before [`Self::run`].
    pub fn new(parts: ShadowParts) -> Self {
        Self {
            services: parts.services,
            generations: parts.generations,
            replica: parts.replica,
            queue: Queue::new(),
            offered: Tally::default(),
            compared: Tally::default(),
            metrics: parts.metrics,
        }
    }

    /// Whether the next call is to be followed. A call that would find no place is not recorded.
    pub(super) fn follows(&self, trial: &Trial) -> bool {
        if trial.mode != RolloutMode::Shadow || !is_drawn(trial.share) {
            return false;
        }
        let refused = self.queue.refuses(trial.generation.identity.slot);
        if let Some(why) = refused {
            self.skip(trial, why);
        }
        refused.is_none()
    }

    /// The candidate is to follow this call, if there is a place for it.
    pub(super) fn offer(
        &self,
        trial: &Arc<Trial>,
        about: About,
        recording: Option<Recording>,
        active: Upshot,
    ) {
        let Some(mut recording) = recording else {
            return self.skip(trial, "recording");
        };
        let slot = trial.generation.identity.slot;
        let bytes = u32::try_from(recording.bytes()).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(self.queue.bytes(slot)).try_acquire_many_owned(bytes) else {
            return self.skip(trial, "queue_full");
        };
        recording.is_counted_elsewhere();
        let (trial, offered) = (Arc::clone(trial), Instant::now());
        let job = Job { trial, about, recording, active, offered, _room: room };
        // Before it is there, so that the gauge is never below zero.
        self.metrics.queue.inc();
        if let Err(job) = self.queue.put(slot, job) {
            self.metrics.queue.dec();
            self.skip(&job.trial, self.queue.refuses(slot).unwrap_or("queue_full"));
        }
    }

    /// Counts a call of a request that is not followed.
    pub(super) fn skip(&self, trial: &Trial, why: &'static str) {
        self.count(&self.offered, trial, &Kind::Skipped(why), None);
    }

    /// Counts what came of a call.
    pub(super) fn count(
        &self,
        tally: &Tally,
        trial: &Trial,
        kind: &Kind,
        sample_of: Option<&About>,
    ) {
        self.metrics.count(trial.generation.identity.slot, kind);
        let told = kind.to_string();
        let is_good = |about: &&About| kind.is_sampled() && sample::is_kept(&about.request_id);
        let sample_of = sample_of.filter(is_good);
        let sample = sample_of.map(|about| DifferenceSample {
            kind: told.clone(),
            request_id: about.request_id.clone(),
            at: about.received_at,
            replica: self.replica.clone(),
        });
        tally.add(trial.rollout, told, sample);
    }

    /// Whether this trial still goes on, beside the release that it began with.
    pub(super) fn goes_on(&self, trial: &Arc<Trial>) -> bool {
        let active = self.generations.current(trial.generation.identity.slot);
        let current = active.and_then(|active| self.generations.trial(&active));
        current.is_some_and(|current| Arc::ptr_eq(&current, trial))
    }
}

/// Whether a call is one of the share that is followed.
fn is_drawn(share: u32) -> bool {
    share >= WHOLE || u32::from_le_bytes(keys::random::<4>()) % WHOLE < share
}
