//! The database itself, and all that requests, policies and relays ask of it.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::events::NewEvent;
use crate::store::accounts::Account;
use crate::store::error::{CarryError, StoreError};
use crate::store::outage::Outage;
use crate::store::outbox::{Backlog, EventFilter, EventRow, OutboxEvent, Undelivered};
use crate::store::postgres::Postgres;
use crate::store::sessions::{NewSession, NewToken, Session, StoredToken};
use crate::store::sqlite::Sqlite;
use crate::store::throttles::ThrottleHit;
use crate::store::writes::Writes;

/// One of the two databases; a clone is the same one.
#[derive(Clone)]
pub enum Store {
    /// The embedded default: one process.
    Sqlite(Sqlite),
    /// For anything real: shared by all replicas.
    Postgres(Postgres),
}

/// Asks whichever database it is.
macro_rules! ask {
    ($self:ident.$($call:tt)+) => {
        match $self {
            Store::Sqlite(store) => store.$($call)+,
            Store::Postgres(store) => store.$($call)+,
        }
    };
}

pub(super) use ask;

// The database itself.
impl Store {
    /// Waits until no statement runs and closes it.
    pub async fn close(&self) {
        ask!(self.close().await);
    }

    /// The same database, asked on connections that no request needs.
    #[must_use]
    pub fn beside_requests(&self) -> Self {
        match self {
            Self::Sqlite(store) => Self::Sqlite(store.beside_requests()),
            Self::Postgres(store) => Self::Postgres(store.beside_requests()),
        }
    }

    /// Fails if the database does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        ask!(self.ping().await)
    }

    /// Why it serves no requests, as far as is known.
    pub fn outage(&self) -> Option<Outage> {
        ask!(self.outage())
    }

    /// The same, after a look: while writes fail it tries one, in calm it writes nothing.
    pub async fn look(&self) -> Option<Outage> {
        ask!(self.look().await)
    }

    /// The clock that stored times are compared with.
    pub fn clock(&self) -> &Clock {
        ask!(self.clock())
    }

    /// Sets the clock by the database's, if replicas share one.
    pub async fn set_clock(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(store) => store.set_clock().await,
        }
    }

    /// Sets the gauges of connections.
    pub fn measure(&self) {
        if let Self::Postgres(store) = self {
            store.measure();
        }
    }

    /// Deletes what has expired, a batch of each kind; the number of rows deleted. Call again while
    /// it is not 0.
    pub async fn clean(&self, outbox_retention: Duration) -> Result<u64, StoreError> {
        ask!(self.clean(outbox_retention).await)
    }

    /// A secret that the database keeps: the given value if there is none yet, else the one that is
    /// there.
    pub async fn secret(&self, name: &str, value_if_absent: &[u8]) -> Result<Vec<u8>, StoreError> {
        ask!(self.secret(name, value_if_absent).await)
    }
}

// Accounts and sessions.
impl Store {
    /// The account of a canonical address. Of imported accounts that differ in letter case only, it
    /// is the one with this very `spelling`.
    pub async fn account_by_email(
        &self,
        email: &str,
        spelling: &str,
    ) -> Result<Option<Account>, StoreError> {
        ask!(self.account_by_email(email, spelling).await)
    }

    /// The highest cost of the bcrypt hashes that the old service left; none if none is left.
    pub async fn bcrypt_cost(&self) -> Result<Option<u32>, StoreError> {
        ask!(self.bcrypt_cost().await)
    }

    /// The open sessions of an account, newest first.
    pub async fn open_sessions(&self, user_id: i64, most: u32) -> Result<Vec<Session>, StoreError> {
        ask!(self.open_sessions(user_id, most).await)
    }

    /// A refresh token by its look-up value, with its session and account.
    pub async fn refresh_token(&self, lookup: &[u8]) -> Result<Option<StoredToken>, StoreError> {
        ask!(self.refresh_token(lookup).await)
    }

    /// Takes a refresh token of the old service over: a session with that token, if there is none
    /// yet, and the account is one that was imported and may log in. Another account of that id is
    /// somebody else's.
    pub async fn adopt(&self, user_id: i64, session: &NewSession) -> Result<(), StoreError> {
        match self {
            Self::Postgres(store) => store.adopt(user_id, session).await,
            // Nobody is imported into it.
            Self::Sqlite(_) => Ok(()),
        }
    }
}

// Carrying decisions out.
impl Store {
    /// The id of the account that [`Store::register`] is to create: no other account gets it, even
    /// if this one is never created. An address that is known to be taken is a conflict already
    /// here.
    pub async fn next_user_id(&self, email: &str) -> Result<i64, CarryError> {
        match self {
            Self::Sqlite(store) => Ok(store.next_user_id()),
            Self::Postgres(store) => store.next_user_id(email).await,
        }
    }

    /// Creates an account with its first session, its events and what the policy wrote.
    pub async fn register(
        &self,
        user_id: i64,
        email: &str,
        password_hash: &str,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        ask!(self.register(user_id, email, password_hash, session, writes).await)
    }

    /// Opens a session, if the account is as it was when the password was verified. `rehashed`
    /// replaces the hash that was verified.
    pub async fn login(
        &self,
        account: &Account,
        rehashed: Option<&str>,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        ask!(self.login(account, rehashed, session, writes).await)
    }

    /// Replaces a refresh token by its successor: one call claims it, and its answer is kept for
    /// the others until `grace_until`.
    pub async fn rotate(
        &self,
        claimed: &StoredToken,
        successor: &NewToken,
        sealed_answer: Option<&[u8]>,
        grace_until: Timestamp,
        ends_at: Timestamp,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        ask!(self.rotate(claimed, successor, sealed_answer, grace_until, ends_at, writes).await)
    }

    /// A replaced token came back after its window: revokes the whole family, with one event for
    /// it. True for the call that did so.
    pub async fn revoke_reused(
        &self,
        token: &StoredToken,
        event: NewEvent,
    ) -> Result<bool, StoreError> {
        ask!(self.revoke_reused(token, event).await)
    }

    /// Commits what remains of a call that ended in a refusal; `proved` is the account that the
    /// caller proved to own.
    pub async fn refuse(&self, proved: Option<i64>, writes: &Writes) -> Result<(), CarryError> {
        ask!(self.refuse(proved, writes).await)
    }

    /// The same for a refresh, if no other call has claimed its token meanwhile.
    pub async fn refuse_rotation(
        &self,
        token: &StoredToken,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        ask!(self.refuse_rotation(token, writes).await)
    }
}

// What policies keep.
impl Store {
    /// A row of a slot's storage that has not expired.
    pub async fn storage_get(&self, slot: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        ask!(self.storage_get(slot, key).await)
    }

    /// How many rows a slot keeps, and their bytes.
    pub async fn storage_size(&self, slot: &str) -> Result<(i64, i64), StoreError> {
        ask!(self.storage_size(slot).await)
    }

    /// Whether there is room for one more in every limit: the longest wait in milliseconds if one
    /// is used up. It counts nothing.
    pub async fn throttle_wait(&self, hits: &[ThrottleHit]) -> Result<Option<i64>, StoreError> {
        ask!(self.throttle_wait(hits).await)
    }

    /// Counts one against every limit, at once, in one statement; the longest wait in milliseconds
    /// if one is exceeded. If it fails, it may have counted: nobody is let through for that, and it
    /// is not asked again.
    pub async fn throttle_hit(&self, hits: &[ThrottleHit]) -> Result<Option<i64>, StoreError> {
        ask!(self.throttle_hit(hits).await)
    }
}

// The outbox, for relays and for operators.
impl Store {
    /// Leases the oldest events that may be published, at most one of a key, for so long.
    pub async fn outbox_lease(
        &self,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        ask!(self.outbox_lease(owner, most, lease).await)
    }

    /// Marks events as published, if `owner` holds them; how many that were.
    pub async fn outbox_published(
        &self,
        owner: Uuid,
        sequences: &[i64],
    ) -> Result<u64, StoreError> {
        ask!(self.outbox_published(owner, sequences).await)
    }

    /// Gives events back that were not published.
    pub async fn outbox_undelivered(
        &self,
        owner: Uuid,
        events: &[Undelivered],
    ) -> Result<(), StoreError> {
        ask!(self.outbox_undelivered(owner, events).await)
    }

    /// What waits, and what was given up.
    pub async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        ask!(self.outbox_backlog().await)
    }

    /// Events for an operator to look at, newest first.
    pub async fn outbox_list(&self, filter: &EventFilter) -> Result<Vec<EventRow>, StoreError> {
        ask!(self.outbox_list(filter).await)
    }

    /// Lets dead events be published again, or, with ids, any event; how many.
    pub async fn outbox_retry(&self, message_ids: &[Uuid]) -> Result<u64, StoreError> {
        ask!(self.outbox_retry(message_ids).await)
    }

    /// Deletes published events that are older than `before`, or, with ids, any event; how many.
    pub async fn outbox_purge(
        &self,
        message_ids: &[Uuid],
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        ask!(self.outbox_purge(message_ids, before).await)
    }
}
