//! Carrying decisions out: each function is one transaction, and each commits only where what the
//! decision rested on still holds.
//!
//! With what the default policies write, that transaction is ONE statement. Its first part locks or
//! takes what must not change; all other parts take their rows from it, so that they write nothing
//! where it found none. A policy that writes more gets a transaction around it.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::connection::Transaction;
use super::flush::{EventColumns, flush};
use super::{Postgres, Query, only};
use crate::clock::Timestamp;
use crate::store::{
    Account, Carried, Conflict, MAX_ATTRIBUTES_BYTES, NewEvent, NewSession, NewToken, StoreError,
    StoredToken, Writes,
};

/// The end of every statement: events, and throttle keys to forget, for the one row of `done
/// (user_id)`. Parameters 1 to 7.
///
/// Events of one key are numbered in the order in which they are committed: who appends one holds
/// the key until then. Without, a relay could see and publish the second of two before the first is
/// there.
macro_rules! with_events {
    ($($part:literal),+; $tail:literal) => {
        concat!(
            "WITH ",
            $($part, ", ",)+
            "keys AS (
                 SELECT count(pg_advisory_xact_lock(hashtextextended(key, 7972))) AS held
                   FROM (SELECT DISTINCT key FROM done, unnest($3::text[]) AS event (key) ORDER BY key) AS key),
               events AS (
                 INSERT INTO auth.outbox (message_id, event_type, ordering_key, payload, traceparent, created_at)
                 SELECT event.message_id::uuid, event.event_type, event.ordering_key, event.payload, event.traceparent, $6
                   FROM keys, done, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
                                    AS event (message_id, event_type, ordering_key, payload, traceparent, place)
                  WHERE keys.held > 0
                  ORDER BY place),
               forgotten AS (DELETE FROM auth.throttles USING done WHERE key = ANY ($7::bytea[]))
             ",
            $tail
        )
    };
}

/// The same with a session and its first token. Parameters 1 to 14.
macro_rules! opening_a_session {
    ($head:literal) => {
        with_events!(
            $head,
            "session AS (
                 INSERT INTO auth.sessions (session_id, user_id, address, user_agent, opened_at, refreshed_at, expires_at, ends_at)
                 SELECT $8::uuid, user_id, $9, $10, $6, $6, $11, $12 FROM done),
               token AS (
                 INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at) SELECT $13::uuid, $14, $8::uuid, $11 FROM done)";
            "SELECT count(*) FROM done"
        )
    };
}

const REGISTER: &str = opening_a_session!(
    "done AS (
         INSERT INTO auth.accounts (user_id, email, password_hash, attributes, created_at)
         SELECT $15, $16, $17, $18::json, $6 WHERE NOT EXISTS (SELECT 1 FROM auth.reserved_emails WHERE email = $16)
         ON CONFLICT (email) DO NOTHING
         RETURNING user_id)"
);

const LOGIN: &str = opening_a_session!(
    "done AS (
         SELECT user_id FROM auth.accounts WHERE user_id = $15 AND password_version = $16 AND disabled_at IS NULL FOR NO KEY UPDATE)"
);

/// Another login may have re-hashed the same password meanwhile: that is no change, and its hash
/// stays.
const LOGIN_REHASHED: &str = opening_a_session!(
    "done AS (
         UPDATE auth.accounts SET password_hash = CASE WHEN password_hash = $17 THEN $18 ELSE password_hash END
          WHERE user_id = $15 AND password_version = $16 AND disabled_at IS NULL
         RETURNING user_id)"
);

const ROTATE: &str = with_events!(
    "open AS (
         SELECT session_id, sessions.user_id FROM auth.sessions JOIN auth.accounts USING (user_id)
          WHERE session_id = $8::uuid AND revoked_at IS NULL AND ends_at > $6 AND disabled_at IS NULL
            FOR NO KEY UPDATE OF sessions),
       claimed AS (
         UPDATE auth.refresh_tokens SET replaced_at = $6, grace_until = $9, answer = $10
          WHERE token_id = $11::uuid AND replaced_at IS NULL AND expires_at > $6 AND EXISTS (SELECT 1 FROM open)
         RETURNING session_id),
       done AS (
         UPDATE auth.sessions
            SET refreshed_at = $6, refreshes = sessions.refreshes + 1, expires_at = $12, ends_at = least(sessions.ends_at, $13)
           FROM claimed WHERE sessions.session_id = claimed.session_id
         RETURNING sessions.session_id, sessions.user_id),
       erased AS (
         -- By the session's id as a parameter: by a join, a plan that was made while there were no answers goes through all of them.
         UPDATE auth.refresh_tokens SET answer = NULL
          WHERE session_id = $8::uuid AND answer IS NOT NULL AND token_id <> $11::uuid AND EXISTS (SELECT 1 FROM done)),
       successor AS (
         INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at) SELECT $14::uuid, $15, session_id, $12 FROM done)";
    "SELECT (SELECT count(*) FROM open), (SELECT count(*) FROM done)"
);

/// The account is locked first, as everywhere, so that nobody waits in a circle.
const REVOKE_REUSED: &str = with_events!(
    "account AS MATERIALIZED (SELECT user_id FROM auth.accounts WHERE user_id = $9 FOR NO KEY UPDATE),
       done AS (
         UPDATE auth.sessions SET revoked_at = $6, revoked_reason = 'refresh token reused'
          WHERE session_id = $8::uuid AND user_id = (SELECT user_id FROM account) AND revoked_at IS NULL
         RETURNING user_id),
       erased AS (UPDATE auth.refresh_tokens SET answer = NULL WHERE session_id = $8::uuid AND answer IS NOT NULL)";
    "SELECT count(*) FROM done"
);

impl Postgres {
    pub(in crate::store) async fn register<T>(
        &self,
        email: &str,
        password_hash: &str,
        session: &NewSession,
        writes: &Writes,
        sign: impl FnOnce(i64) -> Result<T, StoreError>,
    ) -> Carried<T> {
        let attributes = serde_json::Value::Object(writes.attributes.clone()).to_string();
        if attributes.len() > MAX_ATTRIBUTES_BYTES {
            return Ok(Err(Conflict::AttributesTooLarge));
        }
        // The id comes first: the answer is signed with it before anything is written.
        let taken = "SELECT nextval('auth.accounts_user_id_seq')
                      WHERE NOT EXISTS (SELECT 1 FROM auth.accounts WHERE email = $1 UNION ALL
                                        SELECT 1 FROM auth.reserved_emails WHERE email = $1)";
        let rows = self.read(|| sqlx::query(taken).bind(email)).await?;
        let Some(row) = rows.first() else { return Ok(Err(Conflict::EmailTaken)) };
        let user_id: i64 = row.try_get(0)?;
        let answer = sign(user_id)?;
        let events = EventColumns::new(&writes.events, user_id);
        let statement =
            events.bind(sqlx::query(REGISTER), self.clock.now(), &writes.throttle_clears);
        let statement = bind_session(statement, session)
            .bind(user_id)
            .bind(email)
            .bind(password_hash)
            .bind(attributes);
        // The account is new: its attributes are in the statement.
        let rest = Writes {
            slot: writes.slot,
            storage: writes.storage.clone(),
            disable: writes.disable.clone(),
            ..Writes::default()
        };
        let carried = self
            .carry(statement, Some(user_id), &rest, |row| one(row, Conflict::EmailTaken))
            .await?;
        Ok(carried.map(|()| answer))
    }

    pub(in crate::store) async fn login(
        &self,
        account: &Account,
        rehashed: Option<&str>,
        session: &NewSession,
        writes: &Writes,
    ) -> Carried<()> {
        let events = EventColumns::new(&writes.events, account.user_id);
        let statement = sqlx::query(if rehashed.is_some() { LOGIN_REHASHED } else { LOGIN });
        let statement = bind_session(
            events.bind(statement, self.clock.now(), &writes.throttle_clears),
            session,
        );
        let mut statement = statement.bind(account.user_id).bind(account.password_version);
        if let Some(rehashed) = rehashed {
            statement = statement.bind(&account.password_hash).bind(rehashed);
        }
        // The statement locks the account before anything else.
        self.carry(statement, Some(account.user_id), writes, |row| {
            one(row, Conflict::AccountChanged)
        })
        .await
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
        let events = EventColumns::new(&writes.events, claimed.account.user_id);
        let statement = events
            .bind(sqlx::query(ROTATE), self.clock.now(), &writes.throttle_clears)
            .bind(&claimed.session.session_id)
            .bind(grace_until)
            .bind(sealed_answer)
            .bind(&claimed.token_id)
            .bind(successor.expires_at)
            .bind(ends_at)
            .bind(&successor.token_id)
            .bind(&successor.lookup);
        let user_id = claimed.account.user_id;
        let check = |row: &PgRow| {
            let (open, done): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            Ok(if done == 1 {
                Ok(())
            } else {
                Err(if open == 1 { Conflict::TokenClaimed } else { Conflict::SessionChanged })
            })
        };
        if writes.events.is_empty() && !writes.has_more_than_events() {
            return check(&only(self.commit(statement).await?)?);
        }
        // The statement locks the session alone, which others lock after the account.
        let mut transaction = self.begin().await?;
        lock_account(&mut transaction, user_id).await?;
        self.within(transaction, statement, Some(user_id), writes, check).await
    }

    pub(in crate::store) async fn revoke_reused(
        &self,
        token: &StoredToken,
        event: NewEvent,
    ) -> Result<bool, StoreError> {
        let user_id = token.account.user_id;
        let events = EventColumns::new(std::slice::from_ref(&event), user_id);
        let statement = events
            .bind(sqlx::query(REVOKE_REUSED), self.clock.now(), &[])
            .bind(&token.session.session_id)
            .bind(user_id);
        let revoked: i64 = only(self.commit(statement).await?)?.try_get(0)?;
        Ok(revoked == 1)
    }

    pub(in crate::store) async fn refuse(
        &self,
        proved: Option<i64>,
        writes: &Writes,
    ) -> Carried<()> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        if let Some(user_id) = proved {
            lock_account(&mut transaction, user_id).await?;
        }
        if let Some(user_id) = proved.filter(|_| !writes.events.is_empty()) {
            let append =
                with_events!("done AS (SELECT $8::bigint AS user_id)"; "SELECT count(*) FROM done");
            let events = EventColumns::new(&writes.events, user_id);
            transaction.run(events.bind(sqlx::query(append), now, &[]).bind(user_id)).await?;
        }
        match flush(&mut transaction, proved, writes, now).await? {
            Ok(()) => transaction.commit().await.map(Ok),
            Err(conflict) => transaction.roll_back().await.map(|()| Err(conflict)),
        }
    }

    /// Carries a statement out, with what else the policy wrote, where `check` finds in its row
    /// that it was done.
    async fn carry(
        &self,
        statement: Query<'_>,
        user_id: Option<i64>,
        writes: &Writes,
        check: impl FnOnce(&PgRow) -> Carried<()>,
    ) -> Carried<()> {
        if !writes.has_more_than_events() {
            return check(&only(self.commit(statement).await?)?);
        }
        let transaction = self.begin().await?;
        self.within(transaction, statement, user_id, writes, check).await
    }

    /// The same in a transaction, which ends with it.
    async fn within(
        &self,
        mut transaction: Transaction<'_>,
        statement: Query<'_>,
        user_id: Option<i64>,
        writes: &Writes,
        check: impl FnOnce(&PgRow) -> Carried<()>,
    ) -> Carried<()> {
        let row = only(transaction.run(statement).await?)?;
        let done = match check(&row)? {
            Ok(()) => flush(&mut transaction, user_id, writes, self.clock.now()).await?,
            Err(conflict) => Err(conflict),
        };
        match done {
            Ok(()) => transaction.commit().await.map(Ok),
            Err(conflict) => transaction.roll_back().await.map(|()| Err(conflict)),
        }
    }
}

/// Whatever is written about an account locks it first, and then its sessions and the key of its
/// events: so that nobody waits in a circle.
async fn lock_account(transaction: &mut Transaction<'_>, user_id: i64) -> Result<(), StoreError> {
    let lock =
        sqlx::query("SELECT FROM auth.accounts WHERE user_id = $1 FOR NO KEY UPDATE").bind(user_id);
    transaction.run(lock).await.map(drop)
}

fn one(row: &PgRow, otherwise: Conflict) -> Carried<()> {
    Ok(if row.try_get::<i64, _>(0)? == 1 { Ok(()) } else { Err(otherwise) })
}

/// Parameters 8 to 14.
fn bind_session<'q>(statement: Query<'q>, session: &'q NewSession) -> Query<'q> {
    statement
        .bind(&session.session_id)
        .bind(&session.address)
        .bind(&session.user_agent)
        .bind(session.token.expires_at)
        .bind(session.ends_at)
        .bind(&session.token.token_id)
        .bind(&session.token.lookup)
}
