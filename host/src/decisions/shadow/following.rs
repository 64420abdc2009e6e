//! A call that is to be followed by a shadow, from its question to its answer. It is offered when
//! the question is dropped: no way out of a handler can forget it.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::job::About;
use super::shadows::Shadows;
use super::upshot::Upshot;
use crate::capabilities::{Recorder, Recording};
use crate::contract::{Attempt, Request};
use crate::policy::health::{Cause, Subject};
use crate::policy::rollout::Trial;
use crate::store::Writes;

/// A call that is to be followed by a shadow.
pub struct Following {
    shadows: Arc<Shadows>,
    trial: Arc<Trial>,
    subject: Subject,
    so_far: Mutex<SoFar>,
}

/// What is known of the call.
#[derive(Default)]
struct SoFar {
    asked: Option<(Recorder, About)>,
    /// What it came to, and the processor time that it took.
    active: Option<(Upshot, Duration)>,
    /// None if it is too large to be kept.
    recording: Option<Recording>,
    carried_out: bool,
}

impl Following {
    /// If a candidate is to follow a call about this person.
    pub fn begin(shadows: &Arc<Shadows>, trial: &Arc<Trial>, subject: &Subject) -> Option<Self> {
        shadows.follows(trial).then(|| Self {
            shadows: Arc::clone(shadows),
            trial: Arc::clone(trial),
            subject: subject.clone(),
            so_far: Mutex::default(),
        })
    }

    /// Writes down what this call is answered.
    pub fn record(&self, request: &Request, attempt: &Attempt) -> Recorder {
        let recorder = Recorder::new(request, attempt);
        let about = About {
            request_id: request.id.clone(),
            received_at: request.received_at,
            subject: self.subject.clone(),
            address: request.address.clone(),
        };
        self.so_far().asked = Some((recorder.clone(), about));
        recorder
    }

    /// The active release decided so, and the decision passed the host's own checks.
    pub fn decided(&self, upshot: Upshot, writes: &Writes, time: Duration) {
        self.so_far().came_to(upshot, writes, time);
    }

    /// The active release spoiled the call. That is its answer already.
    pub fn spoiled(&self, cause: Cause) {
        let mut so_far = self.so_far();
        // A decision that could not be carried out stays one.
        if so_far.active.is_none() {
            so_far.came_to(Upshot::fault(cause), &Writes::default(), Duration::ZERO);
            so_far.carried_out = true;
        }
    }

    /// What was decided is done.
    pub fn carried_out(&self) {
        self.so_far().carried_out = true;
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SoFar {
    fn came_to(&mut self, upshot: Upshot, writes: &Writes, time: Duration) {
        let recorder = self.asked.as_ref().map(|(recorder, _)| recorder.clone());
        self.recording = recorder.and_then(|recorder| recorder.recorded(writes));
        self.active = Some((upshot, time));
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        match mem::take(&mut *self.so_far()) {
            SoFar {
                asked: Some((_, about)),
                active: Some(active),
                recording,
                carried_out: true,
            } => {
                self.shadows.offer(&self.trial, about, recording, active);
            }
            _ => self.shadows.skip(&self.trial, "not_carried_out"),
        }
    }
}
