//! The questions whose answers are written down: each function of the host that looks at something
//! beside the attempt, with its arguments.

use aws_lc_rs::digest::{Context, SHA256};

use crate::contract::Slot;
use crate::hex;
use crate::outgoing::OutgoingRequest;
use crate::store::{Account, Session, Store, StoreError, ThrottleHit};

/// `accounts.find-by-email`.
#[derive(Clone, PartialEq)]
pub struct FindByEmail {
    pub(crate) email: String,
    pub(crate) spelling: String,
}

/// `storage.get`.
#[derive(Clone, PartialEq)]
pub struct StorageGet {
    pub(crate) slot: Slot,
    pub(crate) key: String,
}

/// `sessions.open-sessions`.
#[derive(Clone, PartialEq)]
pub struct OpenSessions {
    pub(crate) user_id: i64,
    pub(crate) most: u32,
}

/// `passwords.verify`. The password is the attempt's.
#[derive(PartialEq)]
pub struct Verify {
    pub(super) has_account: bool,
    pub(super) limits: Limits,
}

/// `throttle.hit`.
#[derive(PartialEq)]
pub struct Hit(pub(super) Limits);

/// `password.strength`, with the hints.
#[derive(PartialEq)]
pub struct Strength(pub(crate) Vec<String>);

/// `password.is-breached`.
#[derive(PartialEq)]
pub struct IsBreached;

/// `password.breach-prefix`.
#[derive(PartialEq)]
pub struct BreachPrefix;

/// `password.is-in-breach`, by the hash of what a service answered.
#[derive(PartialEq)]
pub struct IsInBreach {
    pub(super) answer: String,
}

/// So many of `random.bytes`.
#[derive(PartialEq)]
pub struct RandomBytes(pub(crate) u32);

/// `http.send`, as a digest: what is sent may hold a secret, and is not kept. How long the policy
/// would have waited is no part of it.
#[derive(PartialEq)]
pub struct HttpSend([u8; 32]);

/// Limits in an order that does not depend on how the policy gave them: hashed key, most, window.
#[derive(PartialEq)]
pub(super) struct Limits(pub(super) Vec<(Vec<u8>, u32, u32)>);

impl Limits {
    fn new(hits: &[ThrottleHit]) -> Self {
        let limit = |hit: &ThrottleHit| (hit.key.clone(), hit.most, hit.window_seconds);
        let mut limits: Vec<_> = hits.iter().map(limit).collect();
        limits.sort_unstable();
        Self(limits)
    }
}

impl IsInBreach {
    pub(crate) fn new(answer: &[u8]) -> Self {
        Self { answer: hex::sha256(answer) }
    }
}

impl Verify {
    pub(crate) fn new(has_account: bool, hits: &[ThrottleHit]) -> Self {
        Self { has_account, limits: Limits::new(hits) }
    }
}

impl Hit {
    pub(crate) fn new(hits: &[ThrottleHit]) -> Self {
        Self(Limits::new(hits))
    }
}

impl HttpSend {
    pub(crate) fn new(request: &OutgoingRequest) -> Self {
        let OutgoingRequest { method, url, headers, body, timeout: _ } = request;
        let mut digest = Context::new(&SHA256);
        // With its length, no part can pass for the beginning of the next.
        let mut add = |part: &[u8]| {
            digest.update(&part.len().to_be_bytes());
            digest.update(part);
        };
        for text in [method, url] {
            add(text.as_bytes());
        }
        for (name, value) in headers {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        add(body);
        let digest = digest.finish();
        Self(std::array::from_fn(|index| digest.as_ref()[index]))
    }
}

/// A question that the database answers, and can answer again.
pub trait Read: Clone + Send + Sync + 'static {
    /// What is read.
    type Row: Send + 'static;

    /// Asks the database.
    fn read(&self, store: &Store) -> impl Future<Output = Result<Self::Row, StoreError>> + Send;
}

impl Read for FindByEmail {
    type Row = Option<Account>;

    async fn read(&self, store: &Store) -> Result<Self::Row, StoreError> {
        store.account_by_email(&self.email, &self.spelling).await
    }
}

impl Read for StorageGet {
    type Row = Option<Vec<u8>>;

    async fn read(&self, store: &Store) -> Result<Self::Row, StoreError> {
        store.storage_get(self.slot.as_str(), &self.key).await
    }
}

impl Read for OpenSessions {
    type Row = Vec<Session>;

    async fn read(&self, store: &Store) -> Result<Self::Row, StoreError> {
        store.open_sessions(self.user_id, self.most).await
    }
}
