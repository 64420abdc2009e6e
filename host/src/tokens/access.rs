//! Access tokens: signed JWTs that the gateway checks by itself.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;

/// Claims that the host sets itself or keeps for itself, in lower case (RFC 7519, section 4.1, and
/// the gateway's `type`).
pub const RESERVED_CLAIMS: [&str; 12] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "type",
    "sid",
    "scope",
    "client_id",
    "user_id",
];

/// An access token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SignError(#[from] jsonwebtoken::errors::Error);

/// Signs access tokens with the secret that the gateway shares.
pub struct AccessTokens {
    key: EncodingKey,
    lifetime_seconds: i64,
}

impl AccessTokens {
    /// `secret` is the gateway's, as it stands in its own configuration: the bytes of the text.
    pub fn new(secret: &str, lifetime: std::time::Duration) -> Self {
        Self {
            key: EncodingKey::from_secret(secret.as_bytes()),
            lifetime_seconds: i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX),
        }
    }

    /// An access token: `sub` is a string, `type` is `access`, `sid` the session, and the policy's
    /// claims. It never outlives its session.
    pub fn sign(
        &self,
        user_id: i64,
        session_id: &str,
        claims: &Map<String, Value>,
        now: Timestamp,
        session_ends_at: Timestamp,
    ) -> Result<String, SignError> {
        let issued = now / 1000;
        let mut all = claims.clone();
        all.insert("sub".into(), json!(user_id.to_string()));
        all.insert("type".into(), json!("access"));
        all.insert("sid".into(), json!(session_id));
        all.insert("iat".into(), json!(issued));
        all.insert(
            "exp".into(),
            json!(issued.saturating_add(self.lifetime_seconds).min(session_ends_at / 1000)),
        );
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &all, &self.key)?)
    }
}
