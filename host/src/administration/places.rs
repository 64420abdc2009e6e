//! What is done to a place beside deployments: rollbacks, freezes; and pruning.

use super::access::Caller;
use super::core::{Administration, change};
use super::refusals::{of_registry, of_store};
use super::views::{MovedView, NewFreezeView, PlaceView, PruneView, PrunedView, RollbackView};
use super::{describe, input};
use crate::errors::ApiError;
use crate::store::registry::{Expected, PlaceState};

impl Administration {
    /// Goes back to the release before, or to one that served once.
    pub async fn roll_back(
        &self,
        caller: &Caller,
        place: &str,
        rollback: &RollbackView,
    ) -> Result<MovedView, ApiError> {
        let slot = input::place(place)?;
        let mut change = change(caller, &rollback.message)?;
        for (field, number) in [("to", rollback.to), ("from", rollback.from)] {
            if number.is_some_and(|number| number < 1) {
                return Err(input::wrong(field, "is not the number of a release, such as 41"));
            }
        }
        if let Some(number) = rollback.to {
            self.may_go_back(caller, slot, number).await?;
        } else if let Some(figures) = self.figures_of_share(slot).await {
            change.details = figures;
        }
        let expected = rollback.from.map_or(Expected::Anything, Expected::Release);
        let moved = self.store.rollback(slot.as_str(), rollback.to, expected, &change, None).await;
        let moved = moved.map_err(of_registry)?;
        tracing::warn!(
            place,
            from = moved.from,
            to = moved.to,
            by = caller.name,
            "a place was rolled back"
        );
        let untrusted = self.untrusted(place, moved.to).await;
        if !untrusted.is_empty() {
            tracing::warn!(
                place,
                release = moved.to,
                reasons = untrusted.join(" "),
                "what serves now would not be deployed anew"
            );
        }
        Ok(MovedView { untrusted, ..describe::moved(moved) })
    }

    /// Refuses deployments until then.
    pub async fn freeze(
        &self,
        caller: &Caller,
        place: &str,
        freeze: &NewFreezeView,
    ) -> Result<PlaceView, ApiError> {
        let slot = input::place(place)?;
        let change = change(caller, &freeze.message)?;
        if change.why.is_empty() {
            return Err(input::wrong(
                "message",
                "must say why: whoever wants to deploy is told it",
            ));
        }
        let until = input::future("until", &freeze.until, self.store.clock().now())?;
        let replicas = self.store.replicas().await.map_err(|error| of_store(&error))?;
        let frozen = self.store.freeze(slot.as_str(), until, &change).await;
        let frozen = frozen.map_err(of_registry)?;
        tracing::info!(place, until = freeze.until, by = caller.name, "a place was frozen");
        Ok(self.place_view(frozen, &replicas))
    }

    /// Ends a freeze before its time.
    pub async fn unfreeze(
        &self,
        caller: &Caller,
        place: &str,
        message: &str,
    ) -> Result<PlaceView, ApiError> {
        let slot = input::place(place)?;
        let change = change(caller, message)?;
        let replicas = self.store.replicas().await.map_err(|error| of_store(&error))?;
        let freed = self.store.unfreeze(slot.as_str(), &change).await.map_err(of_registry)?;
        tracing::info!(place, by = caller.name, "a place is not frozen any more");
        Ok(self.place_view(freed, &replicas))
    }

    /// Deletes old releases, and components that no release names.
    pub async fn prune(&self, caller: &Caller, which: &PruneView) -> Result<PrunedView, ApiError> {
        let least = u32::try_from(PlaceState::MOST_PREVIOUS).unwrap_or(u32::MAX) + 1;
        let keep = which.keep.unwrap_or(self.releases_kept);
        if keep < least {
            return Err(input::wrong("keep", &format!("must be at least {least}")));
        }
        let change = change(caller, &which.message)?;
        let age = i64::try_from(which.older_than.unwrap_or(0)).unwrap_or(i64::MAX);
        let before = self.store.clock().now().saturating_sub(age.saturating_mul(1000));
        let pruned = self.store.registry_prune(keep, before, &change).await;
        let pruned = pruned.map_err(|error| of_store(&error))?;
        tracing::info!(
            releases = pruned.releases,
            components = pruned.components,
            bytes = pruned.bytes,
            by = caller.name,
            "old releases were deleted"
        );
        Ok(PrunedView {
            releases: pruned.releases,
            components: pruned.components,
            bytes: pruned.bytes,
        })
    }
}
