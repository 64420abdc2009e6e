//! How this replica stands to the registry, place by place: for `/readyz`, the metrics, and what it
//! tells the other replicas.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::metrics::FollowMetrics;
use super::pin::Pin;
use super::replica::ThisReplica;
use crate::contract::{PerSlot, Slot};

/// More of a reason than this is in the log only.
const MOST_CHARACTERS: usize = 2000;

/// How this replica stands to the registry.
pub struct Standing {
    pub replica: ThisReplica,
    pub metrics: FollowMetrics,
    places: PerSlot<Mutex<Place>>,
}

#[derive(Default)]
struct Place {
    behind: Option<(String, Instant)>,
    pinned: Option<Pinned>,
}

/// What a place is pinned to.
#[derive(Debug, Clone)]
pub struct Pinned {
    pub release: u64,
    pub pin: Pin,
    since: Instant,
}

impl Standing {
    pub fn new(replica: ThisReplica, metrics: FollowMetrics) -> Self {
        Self { replica, metrics, places: PerSlot::default() }
    }

    /// Why this replica does not serve what is active in a place.
    pub fn behind(&self, slot: Slot) -> Option<String> {
        self.place(slot).behind.as_ref().map(|(why, _)| why.clone())
    }

    /// What a place is pinned to.
    pub fn pinned(&self, slot: Slot) -> Option<Pinned> {
        self.place(slot).pinned.clone()
    }

    pub(super) fn set_behind(&self, slot: Slot, why: Option<String>) {
        self.metrics.behind.with_label_values(&[slot.as_str()]).set(i64::from(why.is_some()));
        let place = &mut *self.place(slot);
        let since = place.behind.take().map(|(_, since)| since);
        place.behind = why.map(|why| {
            let why = why.chars().take(MOST_CHARACTERS).collect();
            (why, since.unwrap_or_else(Instant::now))
        });
    }

    pub(super) fn set_pinned(&self, slot: Slot, release: u64, pin: Pin) {
        let labels = [slot.as_str(), &release.to_string()];
        self.metrics.pinned.with_label_values(&labels).set(1);
        self.place(slot).pinned = Some(Pinned { release, pin, since: Instant::now() });
    }

    /// For `/readyz`: a member for each place that is behind.
    pub fn describe_behind(&self) -> Vec<Value> {
        let describe = |slot: Slot| {
            let (why, since) = self.place(slot).behind.clone()?;
            Some(json!({ "place": slot, "why": why, "seconds": since.elapsed().as_secs() }))
        };
        Slot::ALL.into_iter().filter_map(describe).collect()
    }

    /// For `/readyz`: a member for each place that is pinned. Where files are, strangers need not
    /// know: the log says it.
    pub fn describe_pinned(&self) -> Vec<Value> {
        let describe = |slot: Slot| {
            let Pinned { release, pin, since } = self.pinned(slot)?;
            let seconds = since.elapsed().as_secs();
            let pin = match pin {
                Pin::Release { .. } => pin.to_string(),
                Pin::File(_) => "a file".to_owned(),
            };
            Some(json!({ "place": slot, "release": release, "pin": pin, "seconds": seconds }))
        };
        Slot::ALL.into_iter().filter_map(describe).collect()
    }

    fn place(&self, slot: Slot) -> MutexGuard<'_, Place> {
        self.places.get(slot).lock().unwrap_or_else(PoisonError::into_inner)
    }
}
