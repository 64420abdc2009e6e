//! How a policy says yes, by slot.

use serde_json::{Map, Value};

/// The host creates the account, opens a session and signs the tokens.
#[derive(Debug, Default)]
pub struct RegisterAcceptance {
    /// Attributes of the new account.
    pub attributes: Map<String, Value>,
    /// Claims of the access token.
    pub claims: Map<String, Value>,
}

/// The host opens a session, if the password was verified, and signs the tokens.
#[derive(Debug)]
pub struct LoginAcceptance {
    /// The account that is let in.
    pub user_id: i64,
    /// Claims of the access token.
    pub claims: Map<String, Value>,
    /// The session ends so many seconds from now, if that is earlier than its usual end.
    pub session_seconds: Option<u32>,
}

/// The host rotates the refresh token and signs an access token.
#[derive(Debug, Default)]
pub struct RefreshAcceptance {
    /// Claims of the access token.
    pub claims: Map<String, Value>,
    /// The session ends so many seconds from now, if that is earlier than its usual end.
    pub session_seconds: Option<u32>,
}
