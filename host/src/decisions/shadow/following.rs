//! A call that is to be followed by a shadow, from its question to its answer. It is offered when
//! the question is dropped: no way out of a handler can forget it.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::job::About;
use super::shadows::Shadows;
use super::upshot::Upshot;
use crate::capabilities::{Recorder, Recording};
use crate::contract::{Attempt, Manifest, Request};
use crate::policy::health::{Cause, Network, Subject};
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
    /// What the candidate is told of the request, if it is told anything.
    members: BTreeMap<String, Value>,
    asked: Option<(Recorder, About)>,
    /// What it came to.
    active: Option<Upshot>,
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

    /// Of the candidate.
    pub fn manifest(&self) -> &Manifest {
        &self.trial.generation.identity.manifest
    }

    /// The candidate is told these members of the request.
    pub fn is_told(&self, members: BTreeMap<String, Value>) {
        self.so_far().members = members;
    }

    /// Writes down what this call is answered.
    pub fn record(&self, request: &Request, attempt: &Attempt) -> Recorder {
        let mut so_far = self.so_far();
        let members = mem::take(&mut so_far.members);
        let recorder = Recorder::new(request, &Attempt { members, ..attempt.clone() });
        let about = About {
            request_id: request.id.clone(),
            received_at: request.received_at,
            subject: self.subject.clone(),
            network: request.address.as_deref().and_then(Network::of),
        };
        so_far.asked = Some((recorder.clone(), about));
        recorder
    }

    /// The active release decided so, and the decision passed the host's own checks.
    pub fn decided(&self, upshot: Upshot, writes: &Writes) {
        self.so_far().came_to(upshot, writes);
    }

    /// The active release spoiled the call. That is its answer already.
    pub fn spoiled(&self, cause: Cause) {
        let mut so_far = self.so_far();
        // A decision that could not be carried out stays one.
        if so_far.active.is_none() {
            so_far.came_to(Upshot::fault(cause), &Writes::default());
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
    fn came_to(&mut self, upshot: Upshot, writes: &Writes) {
        let recorder = self.asked.as_ref().map(|(recorder, _)| recorder.clone());
        let accepted = upshot.is_accepted();
        self.recording = recorder.and_then(|recorder| recorder.recorded(accepted, writes));
        self.active = Some(upshot);
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
                ..
            } => {
                self.shadows.offer(&self.trial, about, recording, active);
            }
            SoFar { active: Some(_), .. } => self.shadows.skip(&self.trial, "not_carried_out"),
            // Its caller left, or the host could not do its part.
            _ => self.shadows.skip(&self.trial, "no_decision"),
        }
    }
}
