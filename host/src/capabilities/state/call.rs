//! The state of one call: made for it, and dropped with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;

use super::accounts::Changes;
use super::arriving::Arriving;
use super::budget::Budget;
use super::exceeded::BoundExceeded;
use super::http::Sent;
use super::journal::{Journal, LiveReads, Recorder, Recording};
use super::log::Lines;
use super::machine::Machine;
use super::outbox::Appended;
use super::passwords::{Asked, Verification};
use super::secrets::{Hidden, Told};
use super::services::Services;
use super::sessions::Revocations;
use super::storage::Buffered;
use super::throttle::Clears;
use crate::clock::Timestamp;
use crate::contract::bindings::types::Failure;
use crate::contract::{Attempt, Identity, Limits, Request, Slot, TrappableFailure};
use crate::store::{Account, StoreError, Writes};
use crate::telemetry::rarely;

/// All that a call has: who asks, what was read, what waits for the decision, and how much of its
/// bounds is used.
pub struct CallState {
    pub(crate) services: Arc<Services>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) request: Request,
    pub(crate) attempt: Attempt,
    pub(crate) table: ResourceTable,
    pub(crate) budget: Budget,
    /// The time of the call: it stands still.
    pub(crate) now: Timestamp,
    pub(crate) accounts: Changes,
    pub(crate) passwords: Asked,
    pub(crate) sessions: Revocations,
    pub(crate) storage: Buffered,
    pub(crate) throttle: Clears,
    pub(crate) outbox: Appended,
    pub(crate) log: Lines,
    pub(crate) secrets: Told,
    pub(crate) http: Sent,
    /// What it was answered, if a shadow gets the same answers or this is the shadow.
    pub(crate) journal: Journal,
}

impl CallState {
    /// A call that has done nothing yet.
    pub fn new(
        machine: &Arc<Machine>,
        services: Arc<Services>,
        identity: Arc<Identity>,
        limits: Arc<Limits>,
        request: Request,
        attempt: Attempt,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            budget: Budget::new(machine, identity.slot, &limits),
            now: services.clock.now(),
            services,
            identity,
            limits,
            request,
            attempt,
            table,
            accounts: Changes::default(),
            passwords: Asked::default(),
            sessions: Revocations::default(),
            storage: Buffered::default(),
            throttle: Clears::default(),
            outbox: Appended::default(),
            log: Lines::default(),
            secrets: Told::default(),
            http: Sent::default(),
            journal: Journal::default(),
        }
    }

    /// A shadow of a recorded call: at the time of that call, with its answers.
    pub fn of_shadow(
        machine: &Arc<Machine>,
        services: Arc<Services>,
        identity: Arc<Identity>,
        limits: Arc<Limits>,
        recording: Recording,
        live: LiveReads,
    ) -> Self {
        let (journal, request, attempt, now) = Journal::of_shadow(recording, live);
        let state = Self::new(machine, services, identity, limits, request, attempt);
        state.budget.processor.be_exact();
        Self { now, journal, ..state }
    }

    /// By then the call must have decided.
    pub fn ends_at(&mut self, deadline: Instant) {
        self.http.ends_at(deadline);
    }

    /// From now on it is written down what this call is answered.
    pub fn record(&mut self, recorder: &Recorder) {
        self.budget.processor.be_exact();
        recorder.begin(self.now, Arc::clone(&self.budget.processor));
        self.journal = Journal::Records(recorder.clone());
    }

    /// The processor time of the call so far.
    pub fn processor_time(&self) -> Duration {
        Duration::from_nanos(self.budget.processor.nanoseconds())
    }

    /// Whether the caller has proved to own the account: what is written to it may rest on that.
    pub fn proved(&self) -> bool {
        match self.identity.slot {
            Slot::Register => false,
            Slot::Login => self.verification().is_some(),
            Slot::Refresh => true,
        }
    }

    /// That the password was found to be the account's.
    pub fn verification(&self) -> Option<&Verification> {
        self.passwords.verification.as_ref()
    }

    /// Whether a failure, or the end of the call's time, comes of a busy host: of hash threads that
    /// have no turn for it.
    pub fn host_is_busy(&self) -> bool {
        self.passwords.waits_for_hash
    }

    /// Whether the account is to be disabled.
    pub fn disables(&self) -> bool {
        self.accounts.disables()
    }

    /// Whether a session is to be revoked.
    pub fn revokes(&self, session_id: &str) -> bool {
        self.sessions.contain(session_id)
    }

    /// What the decision rests on, and what it commits.
    pub fn into_outcome(self) -> Outcome {
        let proved = self.proved();
        let writes = Writes {
            slot: self.identity.slot.as_str(),
            storage: self.storage.0,
            attributes: self.accounts.attributes,
            removed_attributes: self.accounts.removed_attributes,
            disable: self.accounts.disable,
            revocations: self.sessions.0,
            events: self.outbox.0,
            throttle_clears: self.throttle.0,
        };
        let account = self.attempt.account;
        Outcome {
            proved: account.as_ref().filter(|_| proved).map(|account| account.user_id),
            account,
            verification: self.passwords.verification,
            writes,
        }
    }

    /// The account behind a handle.
    pub(crate) fn account(&self) -> wasmtime::Result<&Account> {
        self.attempt
            .account
            .as_ref()
            .ok_or_else(|| wasmtime::format_err!("a handle to an account that was never read"))
    }

    /// Charges values that arrive from the policy, before anything is done with them.
    pub(crate) fn take(&mut self, values: &[&dyn Arriving]) -> Result<(), BoundExceeded> {
        let bytes = values.iter().map(|value| value.bytes()).sum();
        self.budget.take_bytes(bytes, &self.limits)
    }

    /// What may stand in no text that others read.
    pub(crate) fn hidden(&self) -> Hidden {
        self.secrets.hidden_with(self.services.secrets.of_place(self.identity.slot.as_str()))
    }

    /// A failure as it is logged: some of its text may be the policy's own.
    pub fn without_secrets(&self, failure: Failure) -> Failure {
        self.hidden().hide_in(failure)
    }

    /// Fails before the caller has proved to own the account.
    pub(crate) fn require_proof(&self) -> Result<(), TrappableFailure> {
        if self.proved() {
            return Ok(());
        }
        Err(TrappableFailure::denied(
            "the caller has not proved to own an account in this call: verify the password first",
        ))
    }
}

/// What is left of a call at its end.
pub struct Outcome {
    /// As far as it was read.
    pub account: Option<Account>,
    /// The account that the caller proved to own.
    pub proved: Option<i64>,
    /// That the password was found to be the account's.
    pub verification: Option<Verification>,
    /// All that waits for the decision.
    pub writes: Writes,
}

impl From<StoreError> for TrappableFailure {
    fn from(error: StoreError) -> Self {
        rarely!(error, %error, "a policy's question to the database failed");
        Self::Unavailable(Some(1))
    }
}
