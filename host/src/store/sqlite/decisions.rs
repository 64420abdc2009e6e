//! Carrying decisions out: each function is one transaction, and each commits only if what the
//! decision rested on still holds.

use super::database::Sqlite;
use super::writes::flush;
use super::{events, sessions};
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::{
    Account, CarryError, Conflict, NewSession, NewToken, StoreError, StoredToken, Writes,
};

impl Sqlite {
    pub(in crate::store) async fn register(
        &self,
        user_id: i64,
        email: &str,
        password_hash: &str,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let done = async {
            let inserted = sqlx::query(
            "INSERT INTO accounts (user_id, email, password_hash, created_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (email) DO NOTHING",
        )
        .bind(user_id)
        .bind(email)
        .bind(password_hash)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
            one(inserted.rows_affected(), Conflict::EmailTaken)?;
            sessions::open(&mut transaction, user_id, session, now).await?;
            flush(&mut transaction, Some(user_id), writes, now).await?;
            Ok(())
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn login(
        &self,
        account: &Account,
        rehashed: Option<&str>,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let now = self.clock.now();
        let user_id = account.user_id;
        let mut transaction = self.begin().await?;
        let done = async {
            let unchanged = sqlx::query(
            "-- Another login may have re-hashed the same password meanwhile: that is no change,
             -- and its hash stays.
             UPDATE accounts
                SET password_hash = CASE WHEN password_hash = ?1 THEN ?2 ELSE password_hash END
              WHERE user_id = ?3 AND password_version = ?4 AND disabled_at IS NULL",
        )
        .bind(&account.password_hash)
        .bind(rehashed.unwrap_or(&account.password_hash))
        .bind(user_id)
        .bind(account.password_version)
        .execute(&mut *transaction)
        .await?;
            one(unchanged.rows_affected(), Conflict::AccountChanged)?;
            sessions::open(&mut transaction, user_id, session, now).await?;
            flush(&mut transaction, Some(user_id), writes, now).await?;
            Ok(())
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn rotate(
        &self,
        claimed: &StoredToken,
        successor: &NewToken,
        sealed_answer: Option<&[u8]>,
        grace_until: Timestamp,
        ends_at: Timestamp,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let done = async {
            let done: Vec<String> = sqlx::query_scalar(ROTATE)
                .bind(&claimed.session.session_id)
                .bind(now)
                .bind(grace_until)
                .bind(sealed_answer)
                .bind(&claimed.token_id)
                .bind(successor.expires_at)
                .bind(ends_at)
                .bind(&successor.token_id)
                .bind(&successor.lookup)
                .fetch_all(&mut *transaction)
                .await?;
            let times = |line: &str| done.iter().filter(|done| *done == line).count() as u64;
            one(times("claimed"), Conflict::TokenClaimed)?;
            one(times("open"), Conflict::SessionChanged)?;
            flush(&mut transaction, Some(claimed.account.user_id), writes, now).await?;
            Ok(())
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn revoke_reused(
        &self,
        token: &StoredToken,
        event: NewEvent,
    ) -> Result<bool, StoreError> {
        let (user_id, session_id) = (token.account.user_id, &token.session.session_id);
        let (now, reason) = (self.clock.now(), "refresh token reused");
        let mut transaction = self.begin().await?;
        let done = async {
            let revoked =
                sessions::revoke(&mut transaction, user_id, session_id, reason, now).await?;
            if revoked {
                events::append(&mut transaction, user_id, &event, now).await?;
            }
            Ok(revoked)
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn refuse(
        &self,
        proved: Option<i64>,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let done = async {
            flush(&mut transaction, proved, writes, now).await?;
            Ok(())
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn refuse_rotation(
        &self,
        token: &StoredToken,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let done = async {
            let current: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM refresh_tokens WHERE token_id = ? AND replaced_at IS NULL",
            )
            .bind(&token.token_id)
            .fetch_one(&mut *transaction)
            .await?;
            one(current.unsigned_abs(), Conflict::TokenClaimed)?;
            flush(&mut transaction, Some(token.account.user_id), writes, now).await?;
            Ok(())
        }
        .await;
        transaction.end(done).await
    }
}

/// One query, one trip to SQLite's thread. If a line of it does not find what it asks for, the
/// transaction around it is rolled back.
const ROTATE: &str = "
    -- The window of the token before this one ends with this use of its successor.
    UPDATE refresh_tokens INDEXED BY refresh_tokens_with_answer SET answer = NULL
     WHERE session_id = ?1 AND answer IS NOT NULL;
    -- One call claims the token.
    UPDATE refresh_tokens SET replaced_at = ?2, grace_until = ?3, answer = ?4
     WHERE token_id = ?5 AND replaced_at IS NULL AND expires_at > ?2
    RETURNING 'claimed';
    UPDATE sessions
       SET refreshed_at = ?2, refreshes = refreshes + 1, expires_at = ?6,
           ends_at = min(ends_at, ?7)
     WHERE session_id = ?1 AND revoked_at IS NULL AND ends_at > ?2
       AND EXISTS (SELECT 1 FROM accounts
                    WHERE accounts.user_id = sessions.user_id AND disabled_at IS NULL)
    RETURNING 'open';
    INSERT INTO refresh_tokens (token_id, lookup, session_id, expires_at)
    VALUES (?8, ?9, ?1, ?6)";

/// What had to be there was there once, or the decision was overtaken.
fn one(rows: u64, otherwise: Conflict) -> Result<(), Conflict> {
    if rows == 1 { Ok(()) } else { Err(otherwise) }
}
