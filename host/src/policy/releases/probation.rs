//! Probation: for some time after its activation every replica judges a release by what all of them
//! counted. The first that finds it bad rolls it back, for all.

use std::time::Duration;

use tokio::time::Instant;

use super::follower::Follower;
use crate::contract::Slot;
use crate::policy::health::{judge_fresh, of_revision};
use crate::policy::judgement::Verdict;
use crate::store::StoreError;
use crate::store::registry::{Counted, PlaceState, RegistryError};

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
            let (verdict, figures) = judge_fresh(&self.judgement, &of_revision(state, &replicas));
            if let Verdict::Bad(failing) = verdict {
                match self.health.fall_back(&self.store, state, &failing, &figures).await {
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
        Slot::ALL.into_iter().filter_map(|slot| self.fresh(slot)).cloned().collect()
    }

    /// The state of a place whose release is on probation.
    fn fresh(&self, slot: Slot) -> Option<&PlaceState> {
        let state = self.places.get(slot).state.as_ref()?;
        let now = self.clock.now();
        state.probation_until.is_some_and(|until| now < until).then_some(state)
    }

    /// For the other replicas: what this one counted of a release on probation, and of the one
    /// that served before until the change.
    pub(super) fn judged(&self, slot: Slot) -> (Counted, Option<Counted>) {
        let Some(state) = self.fresh(slot) else { return (Counted::default(), None) };
        let of =
            |release: i64| self.health.judged(slot.as_str(), u64::try_from(release).unwrap_or(0));
        (of(state.active).unwrap_or_default(), state.previous.first().and_then(|it| of(*it)))
    }
}
