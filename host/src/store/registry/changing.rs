//! The changes of the registry as either database makes them, each in a transaction of its own.

/// Gives a database the changes of the registry. It has `change`, which begins a transaction, and
/// `deployment_and_replicas`.
macro_rules! changing {
    ($database:ty) => {
        use std::time::Duration;

        use uuid::Uuid;

        use $crate::clock::Timestamp;
        use $crate::events::NewEvent;
        use $crate::store::StoreError;
        use $crate::store::registry::changes::{
            deployments, places, releases, rollouts, tokens, trust,
        };
        use $crate::store::registry::{
            AdminToken, Change, Deployment, EventOfMove, Expected, Moved, NewAdminToken,
            NewRelease, PlaceState, Pruned, RegistryError, RegistryRefusal, Release, RolloutChange,
            RolloutPlan, StoredSignature, verdict,
        };

        // Releases and places.
        impl $database {
            pub(in crate::store) async fn release_add(
                &self,
                release: &NewRelease,
            ) -> Result<Release, RegistryError> {
                let mut registry = self.change().await?;
                let done = releases::release_add(&mut registry, release).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn registry_prune(
                &self,
                keep: u32,
                before: Timestamp,
                change: &Change,
            ) -> Result<Pruned, StoreError> {
                let mut all = Pruned::default();
                loop {
                    let mut registry = self.change().await?;
                    let next = releases::prune(&mut registry, keep, before, change).await;
                    match registry.end(next).await? {
                        next if next == Pruned::default() => return Ok(all),
                        next => all = all.and(next),
                    }
                }
            }

            pub(in crate::store) async fn release_activate(
                &self,
                release: &NewRelease,
                only_first: bool,
                probation: Duration,
                grants: Option<&[String]>,
            ) -> Result<(Release, Moved), RegistryError> {
                let mut registry = self.change().await?;
                let done =
                    places::release_activate(&mut registry, release, only_first, probation, grants)
                        .await;
                registry.end(done).await
            }

            pub(in crate::store) async fn rollback(
                &self,
                place: &str,
                to: Option<i64>,
                expected: Expected,
                change: &Change,
                event: EventOfMove<'_>,
            ) -> Result<Moved, RegistryError> {
                let mut registry = self.change().await?;
                let done =
                    places::rollback(&mut registry, place, to, expected, change, event).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn freeze(
                &self,
                place: &str,
                until: Timestamp,
                change: &Change,
            ) -> Result<PlaceState, RegistryError> {
                let mut registry = self.change().await?;
                let done = places::freeze(&mut registry, place, until, change).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn unfreeze(
                &self,
                place: &str,
                change: &Change,
            ) -> Result<PlaceState, RegistryError> {
                let mut registry = self.change().await?;
                let done = places::unfreeze(&mut registry, place, change).await;
                registry.end(done).await
            }
        }

        // Deployments.
        impl $database {
            pub(in crate::store) async fn deploy_begin(
                &self,
                place: &str,
                number: i64,
                patience: Duration,
                plan: Option<&RolloutPlan>,
                change: &Change,
            ) -> Result<Deployment, RegistryError> {
                let mut registry = self.change().await?;
                let done =
                    deployments::begin(&mut registry, place, number, patience, plan, change).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn deploy_settle(
                &self,
                deployment: Uuid,
                probation: Duration,
            ) -> Result<Option<Deployment>, StoreError> {
                // Every replica asks often: nothing is locked before there is something to do.
                let Some((open, replicas)) = self.deployment_and_replicas(deployment).await? else {
                    return Ok(None);
                };
                if verdict(&open, &replicas, self.clock.now()).is_none() {
                    return Ok(None);
                }
                let mut registry = self.change().await?;
                let done = deployments::settle(&mut registry, &open, probation).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn deploy_cancel(
                &self,
                deployment: Uuid,
                change: &Change,
            ) -> Result<Deployment, RegistryError> {
                let none = RegistryRefusal::NoDeployment;
                let open = self.deployment(deployment).await?.ok_or(none)?;
                let mut registry = self.change().await?;
                let done = deployments::cancel(&mut registry, &open, change).await;
                registry.end(done).await
            }
        }

        // Trials.
        impl $database {
            pub(in crate::store) async fn rollout_change(
                &self,
                place: &str,
                expected: Option<(Uuid, i64)>,
                what: RolloutChange,
                probation: Duration,
                change: &Change,
                event: Option<&NewEvent>,
            ) -> Result<PlaceState, RegistryError> {
                let mut registry = self.change().await?;
                let done = rollouts::change(
                    &mut registry,
                    place,
                    expected,
                    what,
                    probation,
                    change,
                    event,
                )
                .await;
                registry.end(done).await
            }
        }

        // Signatures and grants.
        impl $database {
            pub(in crate::store) async fn signatures_add(
                &self,
                digest: &str,
                place: &str,
                signatures: &[StoredSignature],
                change: &Change,
            ) -> Result<usize, RegistryError> {
                let mut registry = self.change().await?;
                let done = trust::sign(&mut registry, digest, place, signatures, change).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn grants_set(
                &self,
                place: &str,
                expected: Option<&[String]>,
                grants: &[String],
                change: &Change,
            ) -> Result<(), RegistryError> {
                let mut registry = self.change().await?;
                let done = trust::grant(&mut registry, place, expected, grants, change).await;
                registry.end(done).await
            }
        }

        // Tokens of the admin API.
        impl $database {
            pub(in crate::store) async fn admin_token_add(
                &self,
                token: &NewAdminToken,
            ) -> Result<AdminToken, RegistryError> {
                let mut registry = self.change().await?;
                let done = tokens::add(&mut registry, token).await;
                registry.end(done).await
            }

            pub(in crate::store) async fn admin_token_revoke(
                &self,
                name: &str,
                who: &str,
            ) -> Result<AdminToken, RegistryError> {
                let mut registry = self.change().await?;
                let done = tokens::revoke(&mut registry, name, who).await;
                registry.end(done).await
            }
        }
    };
}

pub(in crate::store) use changing;
