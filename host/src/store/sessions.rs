//! Sessions and their refresh tokens as both databases keep them.

use super::accounts::Account;
use super::row::{count, from_row};
use crate::clock::Timestamp;

/// One login and the refreshes that followed it.
#[derive(Debug, Clone)]
pub struct Session {
    /// A UUID.
    pub session_id: String,
    /// The client's address at login, if it was known.
    pub address: Option<String>,
    /// The client's `User-Agent` at login.
    pub user_agent: Option<String>,
    /// The time of the login.
    pub opened_at: Timestamp,
    /// The time of the last refresh, or of the login.
    pub refreshed_at: Timestamp,
    /// How often it was refreshed.
    pub refreshes: u32,
    /// When it ends, refreshed or not.
    pub ends_at: Timestamp,
    /// Whether it was ended before its time.
    pub revoked: bool,
}

from_row!(Session |row| {
    session_id,
    address,
    user_agent,
    opened_at,
    refreshed_at,
    refreshes: count(row.try_get("refreshes")?),
    ends_at,
    revoked,
});

/// A refresh token as it is stored, with the session and the account that it belongs to: one read.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// A UUID.
    pub token_id: String,
    /// From then on it is good for nothing.
    pub expires_at: Timestamp,
    /// When a refresh claimed it.
    pub replaced_at: Option<Timestamp>,
    /// Until when a repeat gets the stored answer.
    pub grace_until: Option<Timestamp>,
    /// What the refresh that claimed it was answered, sealed with the token itself.
    pub answer: Option<Vec<u8>>,
    /// What the token refreshes.
    pub session: Session,
    /// Whose session it is.
    pub account: Account,
}

from_row!(StoredToken |row| {
    token_id,
    expires_at: row.try_get("token_expires_at")?,
    replaced_at,
    grace_until,
    answer,
    session: Session::from_row(row)?,
    account: Account::from_row(row)?,
});

/// A session to open.
pub struct NewSession {
    /// A UUID.
    pub session_id: String,
    /// The client's address, if it is known.
    pub address: Option<String>,
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
    /// From then on it is good for nothing.
    pub expires_at: Timestamp,
}
