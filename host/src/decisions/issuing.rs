//! What a decision hands out: sessions, refresh tokens, signed access tokens.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::clock::{Timestamp, milliseconds};
use crate::contract::Request;
use crate::keys::Keys;
use crate::store::{NewSession, NewToken};
use crate::tokens::{AccessTokens, RefreshToken, SignError, TokenPair};

/// How long what is handed out lives.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// Of an access token.
    pub access_token: Duration,
    /// Of a refresh token.
    pub refresh_token: Duration,
    /// How long a replaced refresh token gets the same answer again.
    pub grace_period: Duration,
    /// Of a session, refreshed or not.
    pub session: Duration,
}

/// Makes sessions and tokens.
pub(super) struct Issuing {
    pub(super) keys: Arc<Keys>,
    pub(super) access_tokens: AccessTokens,
    pub(super) lifetimes: Lifetimes,
}

impl Issuing {
    pub(super) fn token(
        &self,
        token: &RefreshToken,
        now: Timestamp,
        session_ends_at: Timestamp,
    ) -> NewToken {
        let usual_end = now + milliseconds(self.lifetimes.refresh_token);
        NewToken {
            token_id: Uuid::now_v7().to_string(),
            lookup: token.lookup(&self.keys),
            expires_at: session_ends_at.min(usual_end),
        }
    }

    /// A session that begins now with this token.
    pub(super) fn session(
        &self,
        request: &Request,
        token: &RefreshToken,
        now: Timestamp,
        shortened_to: Option<u32>,
    ) -> NewSession {
        let usual_end = now + milliseconds(self.lifetimes.session);
        let ends_at = session_end(now, usual_end, shortened_to);
        NewSession {
            session_id: Uuid::now_v7().to_string(),
            address: request.address.clone(),
            user_agent: request.user_agent.clone(),
            ends_at,
            token: self.token(token, now, ends_at),
        }
    }

    /// The answer, with an access token that is signed now and never outlives its session.
    pub(super) fn pair(
        &self,
        (user_id, session_id): (i64, &str),
        claims: &Map<String, Value>,
        refresh_token: &RefreshToken,
        now: Timestamp,
        session_ends_at: Timestamp,
    ) -> Result<TokenPair, SignError> {
        let access_token =
            self.access_tokens.sign(user_id, session_id, claims, now, session_ends_at)?;
        Ok(TokenPair { access_token, refresh_token: refresh_token.encode(&self.keys), user_id })
    }
}

/// When a session that is opened or refreshed now ends at the latest.
pub(super) fn session_end(
    now: Timestamp,
    usual_end: Timestamp,
    shortened_to: Option<u32>,
) -> Timestamp {
    shortened_to.map_or(usual_end, |seconds| usual_end.min(now + i64::from(seconds) * 1000))
}
