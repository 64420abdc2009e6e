//! One place as this replica follows it: what is active, what is kept ready, and what is being
//! prepared. It asks nobody; the follower tells it what the registry says.
//!
//! One preparation at a time: what is active comes first, then what is being deployed, then what is
//! tried, then those that somebody may go back to. A preparation gives way to one that comes before
//! it, unless that one is only tried again: what fails again and again keeps nothing else from
//! becoming ready.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::gated::Gated;
use super::preparing::Unprepared;
use crate::contract::Slot;
use crate::policy::rollout::Trial;
use crate::policy::runtime::Generation;
use crate::store::registry::{Candidate, Deployment, PlaceState, ReportState};

/// What could not be prepared is tried again after a second, then two, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// One place as this replica follows it.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) state: Option<PlaceState>,
    pub(super) deployment: Option<Deployment>,
    /// It serves this, whatever the registry says.
    pub(super) pinned: Option<Arc<Generation>>,
    /// The deployment that this replica has reported on.
    pub(super) answered: Option<Uuid>,
    pub(super) tried: Tried,
    /// What the gate said of what serves and of what is tried.
    pub(super) gated: Gated,
    /// What could serve at once, by number.
    ready: BTreeMap<i64, Arc<Generation>>,
    failed: BTreeMap<i64, Failed>,
    preparing: Option<Preparing>,
    attempts: u64,
}

/// What a place tries here beside what serves.
#[derive(Default)]
pub(super) struct Tried {
    pub(super) trial: Option<Arc<Trial>>,
    /// Why it tries nothing, though there is a candidate.
    pub(super) why: Option<String>,
}

/// What could not be prepared, and is tried again.
struct Failed {
    why: Unprepared,
    pause: Duration,
    again: Instant,
}

/// What is being prepared; dropped, it ends with its process.
struct Preparing {
    number: i64,
    attempt: u64,
    task: AbortOnDropHandle<()>,
}

/// What came of a preparation.
pub(super) struct Finished {
    pub(super) slot: Slot,
    pub(super) attempt: u64,
    pub(super) outcome: Result<Arc<Generation>, Unprepared>,
}

/// What this replica says of a release that is being deployed.
pub(super) struct Answer {
    pub(super) state: ReportState,
    pub(super) reasons: Vec<String>,
}

impl Followed {
    /// Takes what the registry says; what need not be ready any more is dropped.
    pub(super) fn learn(&mut self, state: Option<PlaceState>, deployment: Option<Deployment>) {
        let id = |deployment: &Option<Deployment>| deployment.as_ref().map(|it| it.id);
        if let Some(new) = &deployment
            && id(&self.deployment) != Some(new.id)
        {
            // Whoever deploys it again has a reason to.
            self.failed.remove(&new.release);
        }
        (self.state, self.deployment) = (state, deployment);
        let kept = self.kept();
        self.ready.retain(|number, _| kept.contains(number));
        self.failed.retain(|number, _| kept.contains(number));
        if self.preparing.as_ref().is_some_and(|it| !kept.contains(&it.number)) {
            self.preparing = None;
        }
    }

    /// The number of what is active.
    pub(super) fn active(&self) -> Option<i64> {
        self.state.as_ref().map(|state| state.active)
    }

    /// What is tried beside it.
    pub(super) fn candidate(&self) -> Option<&Candidate> {
        self.state.as_ref()?.candidate.as_ref()
    }

    /// What is active, if it is ready.
    pub(super) fn ready_active(&self) -> Option<Arc<Generation>> {
        self.ready.get(&self.active()?).cloned()
    }

    /// What serves is what is active: it is kept ready, too.
    pub(super) fn keep(&mut self, generation: &Arc<Generation>) {
        if let Some(active) = self.active() {
            self.failed.remove(&active);
            self.ready.entry(active).or_insert_with(|| Arc::clone(generation));
        }
    }

    /// A release that could serve at once.
    pub(super) fn ready(&self, number: i64) -> Option<&Arc<Generation>> {
        self.ready.get(&number)
    }

    /// Why what is active cannot serve here, as far as that is known.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal_of(self.active()?)
    }

    /// Why a release cannot run here, as far as that is known.
    pub(super) fn refusal_of(&self, number: i64) -> Option<String> {
        match &self.failed.get(&number)?.why {
            Unprepared::Refused(reasons) => Some(reasons.join(" ")),
            Unprepared::Away(_) => None,
        }
    }

    /// Why what is active was not prepared, as far as that lies in the registry.
    pub(super) fn unread(&self) -> Option<String> {
        match &self.failed.get(&self.active()?)?.why {
            Unprepared::Away(error) => Some(format!("the registry could not be read: {error}")),
            Unprepared::Refused(_) => None,
        }
    }

    /// The registry answers again: what could not be read is asked for at once.
    pub(super) fn forget_unread(&mut self) {
        self.failed.retain(|_, failed| matches!(failed.why, Unprepared::Refused(_)));
    }

    /// What this replica has to say of the release that is being deployed, if it has not yet.
    pub(super) fn answer(&self) -> Option<Answer> {
        let deployment = self.deployment.as_ref()?;
        if self.answered == Some(deployment.id) {
            return None;
        }
        if self.pinned.is_some() {
            return Some(Answer { state: ReportState::Pinned, reasons: Vec::new() });
        }
        if self.ready.contains_key(&deployment.release) {
            return Some(Answer { state: ReportState::Ready, reasons: Vec::new() });
        }
        match &self.failed.get(&deployment.release)?.why {
            Unprepared::Refused(reasons) => {
                Some(Answer { state: ReportState::Refused, reasons: reasons.clone() })
            }
            Unprepared::Away(_) => None,
        }
    }

    /// Begins what has to be prepared next, unless it has begun.
    pub(super) fn prepare_next(&mut self, begin: impl FnOnce(i64, u64) -> AbortOnDropHandle<()>) {
        let next = self.next();
        let current = self.preparing.as_ref().map(|preparing| preparing.number);
        if next == current || next.is_none() {
            return;
        }
        if let Some(number) = next {
            self.attempts += 1;
            let task = begin(number, self.attempts);
            self.preparing = Some(Preparing { number, attempt: self.attempts, task });
        }
    }

    /// Takes what came of a preparation. The answer is what there is to tell: which release could
    /// not be prepared, and why, unless it is what came of it before.
    pub(super) fn take(
        &mut self,
        attempt: u64,
        outcome: Result<Arc<Generation>, Unprepared>,
    ) -> Option<(i64, Unprepared)> {
        let preparing = self.preparing.take_if(|preparing| preparing.attempt == attempt)?;
        let number = preparing.number;
        let before = self.failed.remove(&number);
        let why = match outcome {
            Ok(generation) => {
                self.ready.insert(number, generation);
                return None;
            }
            Err(unprepared) => unprepared,
        };
        let is_news = before.as_ref().is_none_or(|before| before.why != why);
        let pause = before.map_or(FIRST_PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
        let again = Instant::now() + pause;
        self.failed.insert(number, Failed { why: why.clone(), pause, again });
        is_news.then_some((number, why))
    }

    /// A preparation whose task is gone without a word.
    pub(super) fn lost(&self) -> Option<u64> {
        let preparing = self.preparing.as_ref()?;
        preparing.task.is_finished().then_some(preparing.attempt)
    }

    /// What is being prepared ends now.
    pub(super) fn end_preparation(&mut self) {
        self.preparing = None;
    }

    /// What has to be ready, the most urgent first.
    fn kept(&self) -> Vec<i64> {
        let deployed = self.deployment.as_ref().map(|deployment| deployment.release);
        let tried = self.candidate().map(|candidate| candidate.release);
        let previous = self.state.iter().flat_map(|state| state.previous.iter().copied());
        self.active().into_iter().chain(deployed).chain(tried).chain(previous).collect()
    }

    fn next(&self) -> Option<i64> {
        if self.pinned.is_some() {
            return None;
        }
        let answered = |number: i64| {
            let deployment = self.deployment.as_ref();
            deployment.is_some_and(|it| it.release == number && self.answered == Some(it.id))
        };
        let now = Instant::now();
        let runs = self.preparing.as_ref().map(|preparing| preparing.number);
        let waits = |number: &i64| {
            let failed = self.failed.get(number);
            runs != Some(*number) && failed.is_some_and(|it| runs.is_some() || it.again > now)
        };
        let mut kept = self.kept().into_iter();
        kept.find(|number| {
            !self.ready.contains_key(number)
                && !waits(number)
                && (!answered(*number) || self.active() == Some(*number))
        })
    }
}

#[cfg(test)]
mod tests;
