//! The state of one call: who asks, what was read, what is to be written, how much of its bounds it
//! has used.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;

use super::types::Stop;
use super::{PolicyMetrics, StorageSizes};
use crate::clock::{Clock, Timestamp};
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::passwords::{Password, PasswordHasher};
use crate::policy::Slot;
use crate::policy::bindings::types::Failure;
use crate::policy::limits::{
    BoundExceeded, MAX_HOST_CALLS, MAX_HOST_CALLS_IGNORED, MAX_READS, Taken,
};
use crate::policy::manifest::Manifest;
use crate::store::{Account, Session, Store, StoreError, Writes};

/// What capabilities work with.
pub struct Services {
    /// The database.
    pub store: Store,
    /// The hash threads.
    pub passwords: PasswordHasher,
    /// The places for estimates of a password's strength, each of which may take a core for a
    /// second.
    pub estimates: Arc<Semaphore>,
    /// Derived keys.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// The host's own metrics.
    pub metrics: Arc<Metrics>,
    /// Policies' own metrics.
    pub policy_metrics: PolicyMetrics,
    /// How much the slots keep.
    pub storage_sizes: StorageSizes,
}

/// Which policy a call belongs to; it does not change while the call runs.
#[derive(Debug)]
pub struct Identity {
    /// Where it serves.
    pub slot: Slot,
    /// Counts up with each swap, over all slots.
    pub generation: u64,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What the operator set for it.
    pub settings: Map<String, Value>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Request {
    /// As in the answer's `X-Request-ID`.
    pub id: String,
    /// What this request is in the caller's trace, or in a new one (W3C Trace Context).
    pub traceparent: String,
    /// The client's address, where a trusted proxy vouches for it.
    pub address: Option<String>,
    /// The client's `User-Agent`, cut off and without control characters.
    pub user_agent: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// What is asked.
#[derive(Default)]
pub struct Attempt {
    /// Canonical where `email_valid`.
    pub email: String,
    /// The address as it was given, without spaces around it: of imported accounts that differ in
    /// letter case only, it tells which is meant.
    pub spelling: String,
    /// Whether there is a canonical form.
    pub email_valid: bool,
    /// The password; none in a refresh.
    pub password: Option<Password>,
    /// The request's other members that the manifest declares.
    pub members: BTreeMap<String, Value>,
    /// The session; in a refresh only.
    pub session: Option<Session>,
    /// The account, as far as it was read.
    pub account: Option<Account>,
}

/// A password that was found to be the account's.
pub struct Verification {
    /// A hash with the current parameters, where the stored one is older.
    pub rehashed: Option<String>,
}

/// All that a call has: made for it, dropped with it.
pub struct CallState {
    pub(crate) services: Arc<Services>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) request: Request,
    pub(crate) attempt: Attempt,
    pub(crate) table: ResourceTable,
    pub(crate) taken: Taken,
    pub(crate) ticks: u32,
    pub(crate) writes: Writes,
    pub(crate) verification: Option<Verification>,
    pub(crate) verify_asked: bool,
    pub(crate) strength_asked: u32,
    pub(crate) log_lines: u32,
    /// Whether the call waits for the host now: a time limit that ends it then is not the policy's
    /// fault.
    pub(crate) host_works: bool,
    /// The time of the call: it stands still.
    pub(crate) now: Timestamp,
    host_calls: u32,
    reads: u32,
}

impl CallState {
    /// A call that has done nothing yet.
    pub fn new(
        services: Arc<Services>,
        identity: Arc<Identity>,
        request: Request,
        attempt: Attempt,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(crate::policy::limits::MAX_HANDLES);
        let writes = Writes { slot: identity.slot.as_str(), ..Writes::default() };
        let now = services.clock.now();
        Self {
            services,
            identity,
            request,
            attempt,
            table,
            writes,
            now,
            taken: Taken::default(),
            ticks: 0,
            verification: None,
            verify_asked: false,
            strength_asked: 0,
            log_lines: 0,
            host_works: false,
            host_calls: 0,
            reads: 0,
        }
    }

    /// Counts a host call that does work.
    pub(super) fn counted(&mut self) -> Result<(), Stop> {
        self.host_calls += 1;
        if self.host_calls > MAX_HOST_CALLS_IGNORED {
            return Err(Stop::Trap(wasmtime::Error::new(BoundExceeded::HostCalls)));
        }
        if self.host_calls > MAX_HOST_CALLS {
            return Err(Stop::limit(format!(
                "at most {MAX_HOST_CALLS} counted host calls in a call"
            )));
        }
        Ok(())
    }

    /// Counts a host call that reads the database.
    pub(super) fn counted_read(&mut self) -> Result<(), Stop> {
        self.counted()?;
        self.reads += 1;
        if self.reads > MAX_READS {
            return Err(Stop::limit(format!(
                "at most {MAX_READS} reads of the database in a call"
            )));
        }
        Ok(())
    }

    /// Waits for a part of the host, and notes that it does.
    pub(super) async fn host<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.host_works = true;
        let done = work.await;
        self.host_works = false;
        done
    }

    /// Whether the caller has proved to own the account: what is written to it may rest on that.
    pub fn proved(&self) -> bool {
        match self.identity.slot {
            Slot::Register => false,
            Slot::Login => self.verification.is_some(),
            Slot::Refresh => true,
        }
    }

    pub(super) fn require_proof(&self) -> Result<(), Stop> {
        if self.proved() {
            return Ok(());
        }
        Err(Stop::Failure(Failure::Denied(
            "the caller has not proved to own an account in this call: verify the password first"
                .into(),
        )))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a policy's question to the database failed");
        Self::Failure(Failure::Unavailable(Some(1)))
    }
}
