//! What a policy is asked for: which release decides, and about whom.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::shadow::Following;
use crate::contract::Slot;
use crate::policy::health::{Cause, Network, Subject};
use crate::policy::rollout::Trial;
use crate::policy::runtime::Generation;

/// Kept until the decision is carried out: what goes wrong until then is counted with it.
pub(super) struct Question {
    /// The active release, or the candidate if this person belongs to its share.
    pub(super) generation: Arc<Generation>,
    pub(super) subject: Subject,
    /// What is tried beside the active release.
    pub(super) trial: Option<Arc<Trial>>,
    /// If the candidate is to decide about the same afterwards, as a shadow.
    pub(super) following: Option<Following>,
    /// How the call went, once it has ended.
    pub(super) call: OnceLock<Call>,
}

/// What is counted of a call beside what it came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Call {
    pub(super) network: Option<Network>,
    /// How long the caller waited for it.
    pub(super) time: Duration,
}

impl Question {
    /// Whether the candidate of a share decides.
    pub(super) fn is_candidates(&self) -> bool {
        self.trial.as_ref().is_some_and(|trial| Arc::ptr_eq(&trial.generation, &self.generation))
    }

    /// What was decided is done. A decision that is not carried out is followed by no shadow.
    pub(super) fn carried_out(&self) {
        if let Some(following) = &self.following {
            following.carried_out();
        }
    }

    /// The policy spoiled the call: that is answered, and nothing is to be carried out.
    pub(super) fn spoiled(&self, cause: Cause) {
        if let Some(following) = &self.following {
            following.spoiled(cause);
        }
    }

    pub(super) fn slot(&self) -> Slot {
        self.generation.identity.slot
    }
}
