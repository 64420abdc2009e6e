//! What the rest of the host knows of the database: rows, writes and faults, whichever database it
//! is.

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away or busy; nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The connection was lost while committing: nobody knows whether it was.
    #[error("the outcome of a commit is not known: {0}")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// A row is not of the form that we write.
    #[error("a row of the database is damaged: {0}")]
    Damaged(String),
    /// A token could not be signed or sealed; nothing was written.
    #[error("a token could not be made: {0}")]
    Token(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// Why a decision was not carried out: what it rested on has changed since it was read. Nothing was
/// written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Somebody has an account with this address.
    EmailTaken,
    /// The account was disabled, or its password changed.
    AccountChanged,
    /// The session was revoked or has ended.
    SessionChanged,
    /// Another call claimed the refresh token.
    TokenClaimed,
    /// A row of the policy's storage does not hold what `replace` expected.
    StorageChanged,
    /// The account's attributes together would exceed their bound.
    AttributesTooLarge,
}

/// What comes of carrying something out.
pub type Carried<T> = Result<Result<T, Conflict>, StoreError>;

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Positive.
    pub user_id: i64,
    /// Canonical.
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    /// Counts the passwords that the account has had; a new hash of the same password leaves it.
    pub password_version: i64,
    /// JSON values by name.
    pub attributes: Map<String, Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether it is disabled.
    pub disabled: bool,
}

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    /// A UUID.
    pub session_id: String,
    /// The client's address at login, where it was known.
    pub address: Option<String>,
    /// The client's `User-Agent` at login.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last refreshed.
    pub refreshed_at: Timestamp,
    /// How often it was refreshed.
    pub refreshes: u32,
    /// When it ends, refreshed or not.
    pub ends_at: Timestamp,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A refresh token as it is stored, with the session and the account that it belongs to: one read.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// A UUID.
    pub token_id: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When a refresh claimed it.
    pub replaced_at: Option<Timestamp>,
    /// Until when a repeat gets the stored answer.
    pub grace_until: Option<Timestamp>,
    /// The sealed answer.
    pub answer: Option<Vec<u8>>,
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}

/// A session to open.
pub struct NewSession {
    /// A UUID.
    pub session_id: String,
    /// The client's address, where it is known.
    pub address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// When it ends, refreshed or not.
    pub ends_at: Timestamp,
    /// Its first refresh token.
    pub token: NewToken,
}

/// A refresh token to store.
pub struct NewToken {
    /// A UUID.
    pub token_id: String,
    /// HMAC-SHA256 of the token.
    pub lookup: Vec<u8>,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// An event to append to the outbox; the store adds `user_id` to its data.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// For instance `user.created`.
    pub event_type: String,
    /// The body, without `user_id`.
    pub data: Map<String, Value>,
    /// Events of one key are published in order; without, the account's id is the key.
    pub ordering_key: Option<String>,
    /// Of the request that caused it (W3C Trace Context).
    pub traceparent: Option<String>,
}

impl NewEvent {
    /// The body as it is published: the account first, then the event's own data.
    pub(super) fn payload(&self, user_id: i64) -> String {
        let mut data = Map::with_capacity(self.data.len() + 1);
        data.insert("user_id".into(), Value::from(user_id));
        data.extend(
            self.data
                .iter()
                .filter(|(name, _)| *name != "user_id")
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        Value::Object(data).to_string()
    }

    /// What it is ordered by.
    pub(super) fn key(&self, user_id: i64) -> String {
        self.ordering_key.clone().unwrap_or_else(|| user_id.to_string())
    }
}

/// A write to a policy's own storage.
#[derive(Debug, Clone)]
pub struct StorageWrite {
    /// The key.
    pub key: String,
    /// What the row must hold at the commit, where the policy asked for that; the inner none stands
    /// for "no row".
    pub expected: Option<Option<Vec<u8>>>,
    /// The value and when it expires; none deletes the row.
    pub value: Option<(Vec<u8>, Timestamp)>,
}

/// What a policy wrote in one call: committed with the decision, or not at all.
#[derive(Debug, Default)]
pub struct Writes {
    /// The slot, which owns the storage.
    pub slot: &'static str,
    /// Rows of the policy's own, in the order in which they were written.
    pub storage: Vec<StorageWrite>,
    /// Attributes of the account; none removes one.
    pub attributes: Map<String, Value>,
    /// Names of attributes to remove.
    pub removed_attributes: Vec<String>,
    /// Disable the account, for this reason.
    pub disable: Option<String>,
    /// Sessions to revoke: id and reason.
    pub revocations: Vec<(String, String)>,
    /// Events to append.
    pub events: Vec<NewEvent>,
    /// Hashed throttle keys to forget.
    pub throttle_clears: Vec<Vec<u8>>,
}

/// One limit to count against.
pub struct ThrottleHit {
    /// The hashed key.
    pub key: Vec<u8>,
    /// So many hits are kept.
    pub most: u32,
    /// The length of the window.
    pub window_seconds: u32,
}

impl Writes {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        !self.has_more_than_events() && self.events.is_empty() && self.throttle_clears.is_empty()
    }

    /// Whether there is more to commit than events and throttle keys to forget.
    pub(super) fn has_more_than_events(&self) -> bool {
        !(self.storage.is_empty()
            && self.attributes.is_empty()
            && self.removed_attributes.is_empty()
            && self.disable.is_none()
            && self.revocations.is_empty())
    }
}
