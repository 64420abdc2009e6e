//! Carrying decisions out: each function is one transaction, and each commits only where what the
//! decision rested on still holds.

use super::{Connection, Sqlite, accounts, commit, outbox, policies, sessions};
use crate::clock::Timestamp;
use crate::store::{
    Account, Carried, Conflict, NewEvent, NewSession, NewToken, StoreError, StoredToken, Writes,
};

/// Carries on where there is no conflict; else rolls back and returns it.
macro_rules! or_conflict {
    ($transaction:ident, $result:expr) => {
        match $result {
            Ok(value) => value,
            Err(conflict) => {
                $transaction.rollback().await?;
                return Ok(Err(conflict));
            }
        }
    };
}

impl Sqlite {
    pub(in crate::store) async fn register<T>(
        &self,
        email: &str,
        password_hash: &str,
        session: &NewSession,
        writes: &Writes,
        sign: impl FnOnce(i64) -> Result<T, StoreError>,
    ) -> Carried<T> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let inserted = sqlx::query_scalar(
            "INSERT INTO accounts (email, password_hash, created_at) VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING user_id",
        )
        .bind(email)
        .bind(password_hash)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let user_id: i64 = or_conflict!(transaction, inserted.ok_or(Conflict::EmailTaken));
        sessions::open(&mut transaction, user_id, session, now).await?;
        or_conflict!(transaction, flush(&mut transaction, Some(user_id), writes, now).await?);
        let answer = sign(user_id)?;
        commit(transaction).await?;
        Ok(Ok(answer))
    }

    pub(in crate::store) async fn login(
        &self,
        account: &Account,
        rehashed: Option<&str>,
        session: &NewSession,
        writes: &Writes,
    ) -> Carried<()> {
        let now = self.clock.now();
        let user_id = account.user_id;
        let mut transaction = self.begin().await?;
        // Another login may have re-hashed the same password meanwhile: that is no change, and its
        // hash stays.
        let unchanged = sqlx::query(
            "UPDATE accounts SET password_hash = CASE WHEN password_hash = ?1 THEN ?2 ELSE password_hash END
              WHERE user_id = ?3 AND password_version = ?4 AND disabled_at IS NULL",
        )
        .bind(&account.password_hash)
        .bind(rehashed.unwrap_or(&account.password_hash))
        .bind(user_id)
        .bind(account.password_version)
        .execute(&mut *transaction)
        .await?;
        or_conflict!(
            transaction,
            if unchanged.rows_affected() == 1 { Ok(()) } else { Err(Conflict::AccountChanged) }
        );
        sessions::open(&mut transaction, user_id, session, now).await?;
        or_conflict!(transaction, flush(&mut transaction, Some(user_id), writes, now).await?);
        commit(transaction).await?;
        Ok(Ok(()))
    }

    pub(in crate::store) async fn rotate(
        &self,
        claimed: &StoredToken,
        successor: &NewToken,
        sealed_answer: Option<&[u8]>,
        grace_until: Timestamp,
        ends_at: Timestamp,
        writes: &Writes,
    ) -> Carried<()> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        // One query, one trip to SQLite's thread. Where a line of it did not find what it asks for,
        // all of it is rolled back below.
        let done: Vec<String> = sqlx::query_scalar(
            "-- The window of the token before this one ends with this use of its successor.
             UPDATE refresh_tokens INDEXED BY refresh_tokens_with_answer SET answer = NULL WHERE session_id = ?1 AND answer IS NOT NULL;
             -- One call claims the token.
             UPDATE refresh_tokens SET replaced_at = ?2, grace_until = ?3, answer = ?4
              WHERE token_id = ?5 AND replaced_at IS NULL AND expires_at > ?2
             RETURNING 'claimed';
             UPDATE sessions SET refreshed_at = ?2, refreshes = refreshes + 1, expires_at = ?6, ends_at = min(ends_at, ?7)
              WHERE session_id = ?1 AND revoked_at IS NULL AND ends_at > ?2
                AND EXISTS (SELECT 1 FROM accounts WHERE accounts.user_id = sessions.user_id AND disabled_at IS NULL)
             RETURNING 'open';
             INSERT INTO refresh_tokens (token_id, lookup, session_id, expires_at) VALUES (?8, ?9, ?1, ?6)",
        )
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
        let has = |line: &str, otherwise| {
            if done.iter().any(|done| done == line) { Ok(()) } else { Err(otherwise) }
        };
        or_conflict!(transaction, has("claimed", Conflict::TokenClaimed));
        or_conflict!(transaction, has("open", Conflict::SessionChanged));
        or_conflict!(
            transaction,
            flush(&mut transaction, Some(claimed.account.user_id), writes, now).await?
        );
        commit(transaction).await?;
        Ok(Ok(()))
    }

    pub(in crate::store) async fn revoke_reused(
        &self,
        token: &StoredToken,
        event: NewEvent,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let user_id = token.account.user_id;
        let revoked = sessions::revoke(
            &mut transaction,
            user_id,
            &token.session.session_id,
            "refresh token reused",
            now,
        )
        .await?;
        if revoked {
            outbox::append(&mut transaction, user_id, &event, now).await?;
        }
        commit(transaction).await?;
        Ok(revoked)
    }

    pub(in crate::store) async fn refuse(
        &self,
        proved: Option<i64>,
        writes: &Writes,
    ) -> Carried<()> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        or_conflict!(transaction, flush(&mut transaction, proved, writes, now).await?);
        commit(transaction).await?;
        Ok(Ok(()))
    }
}

/// Writes what the policy wrote.
async fn flush(
    connection: &mut Connection,
    user_id: Option<i64>,
    writes: &Writes,
    now: Timestamp,
) -> Carried<()> {
    if let Err(conflict) = policies::write_storage(connection, writes, now).await? {
        return Ok(Err(conflict));
    }
    policies::clear_throttles(connection, &writes.throttle_clears).await?;
    let Some(user_id) = user_id else { return Ok(Ok(())) };
    for (session_id, reason) in &writes.revocations {
        sessions::revoke(connection, user_id, session_id, reason, now).await?;
    }
    for event in &writes.events {
        outbox::append(connection, user_id, event, now).await?;
    }
    accounts::write(connection, user_id, writes, now).await
}
