//! A fresh release that fails goes back to the one before it, on all replicas: one transaction,
//! which one of those that want it wins.

use super::judge::Figures;
use super::releases::ReleaseHealth;
use crate::events::NewEvent;
use crate::policy::judgement::Failing;
use crate::store::Store;
use crate::store::registry::{Change, Expected, Moved, PlaceState, RegistryError, RegistryRefusal};
use crate::telemetry::rarely;

/// Who changes a place when nobody did: for the history.
const WHO: &str = "probation";

impl ReleaseHealth {
    /// Rolls a place back whose release failed on probation, if it still stands as it did. None:
    /// it does not, or there is nothing to go back to.
    pub async fn fall_back(
        &self,
        store: &Store,
        state: &PlaceState,
        failing: &Failing,
        figures: &Figures,
    ) -> Result<Option<Moved>, RegistryError> {
        let PlaceState { place, active, revision, previous, .. } = state;
        let Failing { sentence, cause, .. } = failing;
        let figures_json = serde_json::to_string(figures).unwrap_or_default();
        if previous.is_empty() {
            rarely!(
                error,
                place,
                release = active,
                reason = sentence,
                "the release fails, and none served before it: deploy one that does not"
            );
            return Ok(None);
        }
        let counted = (figures.calls, figures.faults, figures.replicas);
        let event = |moved: &Moved| {
            NewEvent::policy_rolled_back(place, (*active, moved.to), sentence, counted)
        };
        let change =
            Change { who: WHO.into(), why: sentence.clone(), details: figures_json.clone() };
        let moved = store
            .rollback(place, None, Expected::Probation(*revision), &change, Some(&event))
            .await;
        match moved {
            Ok(moved) => {
                self.rolled_back.with_label_values(&[place.as_str(), cause.as_str()]).inc();
                tracing::error!(
                    place,
                    from = active,
                    to = moved.to,
                    reason = sentence,
                    figures = figures_json,
                    "a fresh release failed and fell back to the one before it; mend it before it \
                     is deployed again"
                );
                Ok(Some(moved))
            }
            // Another replica was faster, or somebody.
            Err(RegistryError::Refused(RegistryRefusal::ChangedMeanwhile { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
