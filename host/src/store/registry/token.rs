//! Tokens of the admin API, kept as hashes.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What a token's holder may do; each includes the ones before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read everything.
    Look,
    /// Push, sign, deploy, roll back, import.
    Deploy,
    /// Grant, freeze, prune, cancel what others began.
    Operate,
}

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewAdminToken {
    pub name: String,
    pub role: Role,
    /// HMAC-SHA256 or SHA-256 of its random part; never the token.
    pub hash: Vec<u8>,
    pub expires_at: Timestamp,
    pub created_by: String,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminToken {
    pub name: String,
    pub role: Role,
    #[serde(skip)]
    pub hash: Vec<u8>,
    pub created_at: Timestamp,
    pub created_by: String,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// To the minute.
    pub used_at: Option<Timestamp>,
}
