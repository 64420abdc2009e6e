//! What a change of the registry asks of its transaction, whichever database it is: so that the
//! changes themselves are written once.

use std::future::Future;

use uuid::Uuid;

use super::candidate::Candidate;
use super::deployment::{Deployment, DeploymentState};
use super::place_row::PlaceRow;
use super::release::{NewRelease, Release};
use super::replica::Replica;
use super::signature::StoredSignature;
use super::token::{AdminToken, NewAdminToken};
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;

/// A line of history to write.
pub(in crate::store) struct NewLine<'l> {
    pub(in crate::store) place: &'l str,
    pub(in crate::store) who: &'l str,
    pub(in crate::store) action: &'static str,
    pub(in crate::store) from: Option<i64>,
    pub(in crate::store) to: Option<i64>,
    pub(in crate::store) why: &'l str,
    pub(in crate::store) details: &'l str,
}

/// Releases that are pruned in one transaction: nobody waits long for it.
pub(in crate::store) const PRUNED_RELEASES: i64 = 500;

/// So many deployments of each place stay that have ended; history tells of the others.
pub(in crate::store) const KEPT_DEPLOYMENTS: i64 = 100;

/// An answer of the database.
pub(in crate::store) trait Answer<T>:
    Future<Output = Result<T, StoreError>> + Send
{
}

impl<T, F: Future<Output = Result<T, StoreError>> + Send> Answer<T> for F {}

/// The state of a deployment that ends in a trial, while replicas prepare.
pub(in crate::store) const REHEARSING: &str = "rehearsing";

/// What it asks about trials.
pub(in crate::store) trait Trials: Send {
    /// The rows of all places that have an active release.
    fn places(&mut self) -> impl Answer<Vec<PlaceRow>>;
    fn add_rollout(&mut self, place: &str, candidate: &Candidate) -> impl Answer<()>;
    /// Notes how a trial ended, if it has not.
    fn end_rollout(&mut self, rollout: Uuid, ending: &str) -> impl Answer<()>;
}

/// What it asks about signatures and grants.
pub(in crate::store) trait Trust: Send {
    /// Lets nobody else sign a component until the end; false if there is none.
    fn lock_component(&mut self, digest: &str) -> impl Answer<bool>;
    /// The signatures of a component, by key.
    fn signatures(&mut self, digest: &str) -> impl Answer<Vec<StoredSignature>>;
    /// Keeps a signature, in place of another one of the same key.
    fn sign(&mut self, digest: &str, signature: &StoredSignature) -> impl Answer<()>;
    /// Writes what a place is granted; its row is locked.
    fn grant(&mut self, place: &str, items: &[String]) -> impl Answer<()>;
}

/// A transaction that changes the registry.
pub(in crate::store) trait Registry: Trials + Trust {
    fn now(&self) -> Timestamp;

    /// Locks the row of a place, and makes it if there is none.
    fn lock(&mut self, place: &str) -> impl Answer<PlaceRow>;
    /// Waits for changes of all places, and lets no other begin.
    fn lock_all(&mut self) -> impl Answer<()>;
    fn save(&mut self, row: &PlaceRow) -> impl Answer<()>;

    /// Those of these components that there are; none of them is pruned until the end.
    fn components_kept(&mut self, digests: &[String]) -> impl Answer<Vec<String>>;
    fn release(&mut self, place: &str, number: i64) -> impl Answer<Option<Release>>;
    /// What the policy directory brought last.
    fn newest_of_directory(&mut self, place: &str) -> impl Answer<Option<Release>>;
    fn add_release(&mut self, release: &NewRelease, number: i64) -> impl Answer<()>;
    /// Notes that a release serves, if it never did before.
    fn mark_active(&mut self, place: &str, number: i64) -> impl Answer<()>;
    /// Deletes some releases that are named nowhere; which they were.
    fn prune_releases(
        &mut self,
        keep: u32,
        before: Timestamp,
        served: &[(String, i64)],
    ) -> impl Answer<Vec<(String, i64)>>;
    /// Deletes some components that no release names; their sizes.
    fn prune_components(&mut self, before: Timestamp) -> impl Answer<Vec<i64>>;

    /// Deletes deployments that have ended, but for the last of each place.
    fn prune_deployments(&mut self) -> impl Answer<()>;
    fn deployment(&mut self, id: Uuid) -> impl Answer<Option<Deployment>>;
    fn open_deployment(&mut self, place: &str) -> impl Answer<Option<Deployment>>;
    fn add_deployment(&mut self, deployment: &Deployment) -> impl Answer<()>;
    fn end_deployment(&mut self, id: Uuid, state: DeploymentState) -> impl Answer<()>;

    /// All that were seen lately, with who is live.
    fn replicas(&mut self) -> impl Answer<Vec<Replica>>;
    /// Deletes those that were not seen since, or are seen only after a later time.
    fn forget_replicas(&mut self, seen_before: Timestamp, seen_after: Timestamp)
    -> impl Answer<()>;

    fn token(&mut self, name: &str) -> impl Answer<Option<AdminToken>>;
    /// Keeps a token; false if there was one of the same name.
    fn add_token(&mut self, token: &NewAdminToken) -> impl Answer<bool>;
    fn revoke_token(&mut self, name: &str) -> impl Answer<()>;

    fn write(&mut self, line: NewLine<'_>) -> impl Answer<()>;
    /// Appends an event that belongs to no account.
    fn append(&mut self, event: &NewEvent) -> impl Answer<()>;
}
