//! What capabilities work with: made once, shared by all calls.

use std::sync::Arc;

use super::log::DroppedLines;
use super::metrics::PolicySeries;
use super::passwords::Estimates;
use super::storage::StorageSizes;
use crate::clock::Clock;
use crate::keys::Keys;
use crate::metrics::{Meter, MeterError};
use crate::outgoing::Outgoing;
use crate::passwords::PasswordHasher;
use crate::secrets::Secrets;
use crate::store::Store;

/// What capabilities work with.
pub struct Services {
    /// The database, for reads and for throttles.
    pub store: Store,
    /// The hash threads, which every login waits for.
    pub passwords: PasswordHasher,
    /// What each part derives its own from.
    pub keys: Arc<Keys>,
    /// The time that all replicas share, if there is one.
    pub clock: Clock,
    /// Of `passwords`: the places for estimates.
    pub estimates: Estimates,
    /// Of `metrics`: the policies' own series.
    pub series: PolicySeries,
    /// Of `log`: lines beyond the bound of a call.
    pub dropped_lines: DroppedLines,
    /// Of `http`: who asks other services.
    pub outgoing: Outgoing,
    /// Of `settings`: the secrets of this replica.
    pub secrets: Arc<Secrets>,
    /// Of `storage`: how much the slots keep.
    pub storage_sizes: StorageSizes,
}

impl Services {
    /// Each part's own is made here, empty.
    pub fn new(
        (store, clock): (Store, Clock),
        passwords: PasswordHasher,
        keys: Keys,
        (outgoing, secrets): (Outgoing, Arc<Secrets>),
        hash_threads: usize,
        meter: &Meter,
    ) -> Result<Self, MeterError> {
        Ok(Self {
            store,
            passwords,
            keys: Arc::new(keys),
            clock,
            estimates: Estimates::beside(hash_threads),
            series: PolicySeries::new(meter.clone()),
            dropped_lines: DroppedLines::new(meter)?,
            outgoing,
            secrets,
            storage_sizes: StorageSizes::default(),
        })
    }
}
