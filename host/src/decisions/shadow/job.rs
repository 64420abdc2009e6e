//! A call that a shadow is to follow.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::upshot::Upshot;
use crate::capabilities::Recording;
use crate::clock::Timestamp;
use crate::policy::health::{Network, Subject};
use crate::policy::rollout::Trial;

/// A call that a shadow is to follow.
pub(super) struct Job {
    pub(super) trial: Arc<Trial>,
    pub(super) about: About,
    /// What the candidate is answered.
    pub(super) recording: Recording,
    /// What the active release's call came to.
    pub(super) active: Upshot,
    pub(super) offered: Instant,
    /// Its place in the memory of the queue.
    pub(super) _room: OwnedSemaphorePermit,
}

/// Which call it is.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) request_id: String,
    pub(super) received_at: Timestamp,
    pub(super) subject: Subject,
    pub(super) network: Option<Network>,
}
