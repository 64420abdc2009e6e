//! Sessions and refresh tokens: reading and revoking them, and taking over those of the old
//! service. Opening one is a part of the statements that open one.

use super::database::Postgres;
use super::rows::{all, first, without_nul};
use super::transaction::Transaction;
use crate::clock::Timestamp;
use crate::store::{NewSession, Session, StoreError, StoredToken};

impl Postgres {
    pub(in crate::store) async fn open_sessions(
        &self,
        user_id: i64,
        most: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let rows = self
            .pools
            .read(|| {
                sqlx::query(
                    "SELECT session_id::text, address, user_agent, opened_at, refreshed_at,
                            refreshes, ends_at, revoked_at IS NOT NULL AS revoked
                       FROM auth.sessions
                      WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
                      -- By the column, and not by the text that is selected.
                      ORDER BY opened_at DESC, auth.sessions.session_id DESC
                      LIMIT $3",
                )
                .bind(user_id)
                .bind(now)
                .bind(i64::from(most))
            })
            .await?;
        all(&rows)
    }

    pub(in crate::store) async fn refresh_token(
        &self,
        lookup: &[u8],
    ) -> Result<Option<StoredToken>, StoreError> {
        let rows = self
            .pools
            .read(|| {
                sqlx::query(
                    "SELECT token_id::text, refresh_tokens.expires_at AS token_expires_at,
                            replaced_at, grace_until, answer,
                            session_id::text, address, user_agent, opened_at, refreshed_at,
                            refreshes, ends_at, revoked_at IS NOT NULL AS revoked,
                            user_id, email, password_hash, password_version,
                            attributes::text AS attributes, created_at,
                            disabled_at IS NOT NULL AS disabled
                       FROM auth.refresh_tokens
                       JOIN auth.sessions USING (session_id)
                       JOIN auth.accounts USING (user_id)
                      WHERE lookup = $1",
                )
                .bind(lookup)
            })
            .await?;
        first(&rows)
    }

    pub(in crate::store) async fn adopt(
        &self,
        user_id: i64,
        session: &NewSession,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let adopt = sqlx::query(
            "WITH token AS (
                 -- Its look-up value decides: of two that come with one token, one opens a session.
                 INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at)
                 SELECT $1::uuid, $2, $3::uuid, $4
                   FROM auth.accounts JOIN auth.imported_accounts USING (user_id)
                  WHERE user_id = $5 AND disabled_at IS NULL
                 ON CONFLICT (lookup) DO NOTHING
                 RETURNING session_id)
             INSERT INTO auth.sessions (session_id, user_id, address, user_agent, opened_at,
                                        refreshed_at, expires_at, ends_at)
             SELECT session_id, $5, $8, $9, $6, $6, $4, $7 FROM token",
        )
        .bind(&session.token.token_id)
        .bind(&session.token.lookup)
        .bind(&session.session_id)
        .bind(session.token.expires_at)
        .bind(user_id)
        .bind(now)
        .bind(session.ends_at)
        .bind(&session.address)
        .bind(&session.user_agent);
        self.pools.commit(adopt).await.map(drop)
    }
}

/// Revokes an account's session, if it is open (and that account's). A revoked session answers no
/// repeat.
pub(super) async fn revoke(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    session_id: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    revoke_some(transaction, user_id, Some(session_id), reason, now).await
}

/// Revokes all sessions of an account.
pub(super) async fn revoke_all(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    revoke_some(transaction, user_id, None, reason, now).await
}

async fn revoke_some(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    session_id: Option<&str>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "WITH revoked AS (
             UPDATE auth.sessions SET revoked_at = $1, revoked_reason = $2
              WHERE user_id = $3 AND revoked_at IS NULL
                AND ($4::text IS NULL OR session_id = $4::uuid)
             RETURNING session_id)
         UPDATE auth.refresh_tokens SET answer = NULL
          WHERE session_id = ANY (ARRAY (SELECT session_id FROM revoked)) AND answer IS NOT NULL",
    )
    .bind(now)
    .bind(without_nul(reason))
    .bind(user_id)
    .bind(session_id);
    transaction.run(statement).await.map(drop)
}
