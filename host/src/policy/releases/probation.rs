//! Probation: for some time after its activation every replica judges a release by what all of them
//! counted. The first that finds it bad rolls it back, for all.

use std::time::Duration;

use tokio::time::Instant;

use super::follower::Follower;
use crate::contract::Slot;
use crate::policy::health::{Verdict, judge, of_revision};
use crate::store::StoreError;
use crate::store::registry::{PlaceState, RegistryError};

/// As often as replicas tell what they counted.
const JUDGE: Duration = Duration::from_secs(1);

impl Follower {
    /// Judges what is on probation, if it is time to; true if something fell back.
    pub(super) async fn judge(&mut self) -> Result<bool, StoreError> {
        let fresh = self.on_probation();
        if fresh.is_empty() || self.judged.is_some_and(|judged| judged.elapsed() < JUDGE) {
            return Ok(false);
        }
        self.judged = Some(Instant::now());
        let replicas = self.store.replicas().await?;
        let mut fell_back = false;
        for state in &fresh {
            if let Verdict::Bad(failing) = judge(self.judging, &of_revision(state, &replicas)) {
                match self.health.fall_back(&self.store, state, &failing).await {
                    Ok(moved) => fell_back |= moved.is_some(),
                    Err(RegistryError::Store(error)) => return Err(error),
                    Err(RegistryError::Refused(refused)) => tracing::error!(
                        place = state.place,
                        release = state.active,
                        %refused,
                        "a fresh release fails and cannot fall back"
                    ),
                }
            }
        }
        Ok(fell_back)
    }

    fn on_probation(&self) -> Vec<PlaceState> {
        let now = self.clock.now();
        let states = Slot::ALL.into_iter().filter_map(|slot| self.places.get(slot).state.clone());
        states.filter(|state| state.probation_until.is_some_and(|until| now < until)).collect()
    }
}
