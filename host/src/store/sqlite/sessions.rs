//! Sessions and refresh tokens: reading, opening and revoking them.

use sqlx::sqlite::SqliteConnection;

use super::database::Sqlite;
use crate::clock::Timestamp;
use crate::store::{NewSession, Session, StoreError, StoredToken};

impl Sqlite {
    pub(in crate::store) async fn open_sessions(
        &self,
        user_id: i64,
        most: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let sessions = sqlx::query_as(
            "SELECT session_id, address, user_agent, opened_at, refreshed_at, refreshes, ends_at,
                    revoked_at IS NOT NULL AS revoked
               FROM sessions
              WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?
              ORDER BY opened_at DESC, session_id DESC
              LIMIT ?",
        )
        .bind(user_id)
        .bind(self.clock.now())
        .bind(most)
        .fetch_all(self.readers()?)
        .await;
        self.told(sessions)
    }

    pub(in crate::store) async fn refresh_token(
        &self,
        lookup: &[u8],
    ) -> Result<Option<StoredToken>, StoreError> {
        let token = sqlx::query_as(
            "SELECT token_id, refresh_tokens.expires_at AS token_expires_at, replaced_at,
                    grace_until, answer,
                    session_id, address, user_agent, opened_at, refreshed_at, refreshes, ends_at,
                    revoked_at IS NOT NULL AS revoked,
                    user_id, email, password_hash, password_version, attributes, created_at,
                    disabled_at IS NOT NULL AS disabled
               FROM refresh_tokens JOIN sessions USING (session_id) JOIN accounts USING (user_id)
              WHERE lookup = ?",
        );
        self.told(token.bind(lookup).fetch_optional(self.readers()?).await)
    }
}

/// Opens a session with its first refresh token: one query, one trip to SQLite's thread.
pub(super) async fn open(
    connection: &mut SqliteConnection,
    user_id: i64,
    new: &NewSession,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (session_id, user_id, address, user_agent, opened_at, refreshed_at,
                               expires_at, ends_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7);
         INSERT INTO refresh_tokens (token_id, lookup, session_id, expires_at)
         VALUES (?8, ?9, ?1, ?6)",
    )
    .bind(&new.session_id)
    .bind(user_id)
    .bind(&new.address)
    .bind(&new.user_agent)
    .bind(now)
    .bind(new.token.expires_at)
    .bind(new.ends_at)
    .bind(&new.token.token_id)
    .bind(&new.token.lookup)
    .execute(connection)
    .await?;
    Ok(())
}

/// Revokes an account's session; false if it is not open (or not that account's). A revoked session
/// answers no repeat.
pub(super) async fn revoke(
    connection: &mut SqliteConnection,
    user_id: i64,
    session_id: &str,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = sqlx::query(
        "UPDATE sessions SET revoked_at = ?, revoked_reason = ?
          WHERE session_id = ? AND user_id = ? AND revoked_at IS NULL",
    )
    .bind(now)
    .bind(reason)
    .bind(session_id)
    .bind(user_id)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE refresh_tokens INDEXED BY refresh_tokens_with_answer SET answer = NULL
          WHERE session_id = ? AND answer IS NOT NULL",
    )
    .bind(session_id)
    .execute(connection)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Revokes all sessions of an account.
pub(super) async fn revoke_all(
    connection: &mut SqliteConnection,
    user_id: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE refresh_tokens SET answer = NULL
          WHERE answer IS NOT NULL
            AND session_id IN (SELECT session_id FROM sessions WHERE user_id = ?)",
    )
    .bind(user_id)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE sessions SET revoked_at = ?, revoked_reason = ?
          WHERE user_id = ? AND revoked_at IS NULL",
    )
    .bind(now)
    .bind(reason)
    .bind(user_id)
    .execute(connection)
    .await?;
    Ok(())
}
