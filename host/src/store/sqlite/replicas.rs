//! What is known of replicas: there is one process, and it keeps that in its memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::store::registry::{Beat, Replica, looked_at};

/// Those that were seen, and who waits for a change of the registry; a clone has the same ones.
#[derive(Clone, Default)]
pub(super) struct Replicas {
    seen: Arc<Mutex<HashMap<Uuid, Replica>>>,
    changed: Arc<Notify>,
}

impl Replicas {
    pub(super) fn beat(&self, beat: &Beat, now: Timestamp) {
        let replica = Replica {
            replica: beat.replica,
            name: beat.name.clone(),
            version: beat.version.clone(),
            wit_versions: beat.wit_versions.clone(),
            started_at: beat.started_at,
            last_seen: now,
            live: false,
            serving: beat.serving.clone(),
        };
        self.locked().insert(beat.replica, replica);
    }

    pub(super) fn gone(&self, replica: Uuid) {
        self.locked().remove(&replica);
        self.hint();
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Uuid, Replica>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that were seen lately, with who is live.
    pub(super) fn seen(&self, now: Timestamp) -> Vec<Replica> {
        looked_at(self.locked().values().cloned().collect(), now)
    }

    /// Something has changed: wakes all who wait, and the next who does, as it may just be at work.
    pub(super) fn hint(&self) {
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    pub(super) async fn hinted(&self) {
        self.changed.notified().await;
    }
}
