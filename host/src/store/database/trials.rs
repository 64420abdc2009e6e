//! Trials of releases as the rest of the host asks for them, whichever database it is.

use std::time::Duration;

use uuid::Uuid;

use super::store::{Store, ask};
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;
use crate::store::registry::{
    Change, Differences, NewDifferences, PlaceState, RegistryError, Rollout, RolloutChange,
};

impl Store {
    /// Changes what becomes of the candidate of a place, in one transaction; with `expected`, only
    /// if it is still that trial at that turn (refused: `ChangedMeanwhile`). Refused, too:
    /// `NoCandidate`, `NoSteps`, `StepsAsAsked`, and what activates or advances, `Frozen`. A step
    /// that has not lasted as long as it must does not advance (`ChangedMeanwhile`). The event is
    /// appended in the same transaction; `details` of the change go into the history.
    pub async fn rollout_change(
        &self,
        place: &str,
        expected: Option<(Uuid, i64)>,
        what: RolloutChange,
        probation: Duration,
        change: &Change,
        event: Option<&NewEvent>,
    ) -> Result<PlaceState, RegistryError> {
        ask!(self.rollout_change(place, expected, what, probation, change, event).await)
    }

    /// The trials of a place, the latest first.
    pub async fn rollouts(&self, place: &str, most: u32) -> Result<Vec<Rollout>, StoreError> {
        ask!(self.rollouts(place, most).await)
    }

    /// Adds what a replica has compared, also to a trial that is over; one that is forgotten takes
    /// nothing. A trial keeps 200 kinds at most (what is beyond is counted as `differs:other`,
    /// `fault:other` and the like), and the latest samples: 20 of a kind, 1,000 in all.
    pub async fn differences_add(&self, new: &NewDifferences) -> Result<(), StoreError> {
        ask!(self.differences_add(new).await)
    }

    /// What was counted of a trial, by all replicas.
    pub async fn differences(&self, rollout: Uuid) -> Result<Differences, StoreError> {
        ask!(self.differences(rollout).await)
    }

    /// Forgets some trials that ended before then, with what was counted of them, and samples of
    /// other trials that are older; how many rows. Call again while it is not 0.
    pub async fn rollouts_forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        ask!(self.rollouts_forget(before).await)
    }
}
