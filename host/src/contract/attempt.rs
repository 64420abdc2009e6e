//! Who asks, and what is asked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::passwords::Password;
use crate::store::{Account, Session};

/// Who asks, as far as the host could establish it.
#[derive(Debug, Clone)]
pub struct Request {
    /// As in the answer's `X-Request-ID`.
    pub id: String,
    /// What this request is in the caller's trace, or in a new one (W3C Trace Context).
    pub traceparent: String,
    /// The client's address, if a trusted proxy vouches for it.
    pub address: Option<String>,
    /// The client's `User-Agent`, cut off and without control characters.
    pub user_agent: Option<String>,
    /// The time of its arrival, as the policy is told it.
    pub received_at: Timestamp,
}

/// What is asked: the data behind the handles that a policy holds.
#[derive(Clone, Default)]
pub struct Attempt {
    /// In its canonical form if `email_valid`, else as it came.
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
