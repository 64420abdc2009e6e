//! Carrying decisions out: each function is one transaction, and each commits only if what the
//! decision rested on still holds.
//!
//! With what the default policies write, that transaction is ONE statement. A policy that writes
//! more gets a transaction around it.

use sqlx::postgres::PgRow;

use super::accounts::lock;
use super::database::Postgres;
use super::events::EventColumns;
use super::pools::Query;
use super::rows::only;
use super::statements::{APPEND, LOGIN, LOGIN_REHASHED, REGISTER, REVOKE_REUSED, ROTATE};
use super::transaction::Transaction;
use super::writes::flush;
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::accounts::first_attributes;
use crate::store::{
    Account, CarryError, Conflict, NewSession, NewToken, StoreError, StoredToken, Writes,
};

impl Postgres {
    pub(in crate::store) async fn register(
        &self,
        user_id: i64,
        email: &str,
        password_hash: &str,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let events = EventColumns::new(&writes.events, user_id);
        let statement =
            events.bind(sqlx::query(REGISTER), self.clock.now(), &writes.throttle_clears);
        let statement = bind_session(statement, session)
            .bind(user_id)
            .bind(email)
            .bind(password_hash)
            .bind(first_attributes(writes)?);
        // The account is new: its attributes are in the statement.
        let rest = Writes {
            slot: writes.slot,
            storage: writes.storage.clone(),
            disable: writes.disable.clone(),
            ..Writes::default()
        };
        self.carry(statement, user_id, &rest, |rows| one(rows, Conflict::EmailTaken)).await
    }

    pub(in crate::store) async fn login(
        &self,
        account: &Account,
        rehashed: Option<&str>,
        session: &NewSession,
        writes: &Writes,
    ) -> Result<(), CarryError> {
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
        let check = |rows: &[PgRow]| one(rows, Conflict::AccountChanged);
        self.carry(statement, account.user_id, writes, check).await
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
        let user_id = claimed.account.user_id;
        let events = EventColumns::new(&writes.events, user_id);
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
        if writes.events.is_empty() && !writes.has_more_than_events() {
            return claimed_by_us(&self.pools.commit(statement).await?);
        }
        // The statement locks the session alone, which others lock after the account.
        let mut transaction = self.pools.begin().await?;
        lock(&mut transaction, user_id).await?;
        self.within(transaction, statement, user_id, writes, claimed_by_us).await
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
        let (revoked,): (i64,) = only(&self.pools.commit(statement).await?)?;
        Ok(revoked == 1)
    }

    pub(in crate::store) async fn refuse(
        &self,
        proved: Option<i64>,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let mut transaction = self.pools.begin().await?;
        let done = refuse(&mut transaction, proved, writes, self.clock.now()).await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn refuse_rotation(
        &self,
        token: &StoredToken,
        writes: &Writes,
    ) -> Result<(), CarryError> {
        let mut transaction = self.pools.begin().await?;
        let done = match unclaimed(&mut transaction, token).await {
            Ok(()) => {
                let proved = Some(token.account.user_id);
                refuse(&mut transaction, proved, writes, self.clock.now()).await
            }
            claimed => claimed,
        };
        transaction.end(done).await
    }

    /// Carries a statement out, with what else the policy wrote, if `check` finds in its answer
    /// that it was done.
    async fn carry(
        &self,
        statement: Query<'_>,
        user_id: i64,
        writes: &Writes,
        check: impl FnOnce(&[PgRow]) -> Result<(), CarryError>,
    ) -> Result<(), CarryError> {
        if !writes.has_more_than_events() {
            return check(&self.pools.commit(statement).await?);
        }
        let transaction = self.pools.begin().await?;
        self.within(transaction, statement, user_id, writes, check).await
    }

    /// The same in a transaction, which ends with it.
    async fn within(
        &self,
        mut transaction: Transaction<'_>,
        statement: Query<'_>,
        user_id: i64,
        writes: &Writes,
        check: impl FnOnce(&[PgRow]) -> Result<(), CarryError>,
    ) -> Result<(), CarryError> {
        let done = match check(&transaction.run(statement).await?) {
            Ok(()) => flush(&mut transaction, Some(user_id), writes, self.clock.now()).await,
            not_done => not_done,
        };
        transaction.end(done).await
    }
}

async fn refuse(
    transaction: &mut Transaction<'_>,
    proved: Option<i64>,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    if let Some(user_id) = proved {
        lock(transaction, user_id).await?;
        if !writes.events.is_empty() {
            let events = EventColumns::new(&writes.events, user_id);
            let append = events.bind(sqlx::query(APPEND), now, &[]).bind(user_id);
            transaction.run(append).await?;
        }
    }
    flush(transaction, proved, writes, now).await
}

/// Keeps other calls from claiming a token, if none has. Account and session are locked first, as
/// everywhere, so that nobody waits in a circle; the token is read by a statement of its own, which
/// sees what was committed while this one waited.
async fn unclaimed(
    transaction: &mut Transaction<'_>,
    token: &StoredToken,
) -> Result<(), CarryError> {
    lock(transaction, token.account.user_id).await?;
    let session =
        sqlx::query("SELECT FROM auth.sessions WHERE session_id = $1::uuid FOR NO KEY UPDATE");
    transaction.run(session.bind(&token.session.session_id)).await?;
    let current = sqlx::query(
        "SELECT count(*) FROM auth.refresh_tokens
          WHERE token_id = $1::uuid AND replaced_at IS NULL",
    );
    one(&transaction.run(current.bind(&token.token_id)).await?, Conflict::TokenClaimed)
}

/// What had to be there was there once, or the decision was overtaken.
fn one(rows: &[PgRow], otherwise: Conflict) -> Result<(), CarryError> {
    let (done,): (i64,) = only(rows)?;
    if done == 1 { Ok(()) } else { Err(otherwise.into()) }
}

fn claimed_by_us(rows: &[PgRow]) -> Result<(), CarryError> {
    match only(rows)? {
        (_, 1_i64) => Ok(()),
        (1_i64, _) => Err(Conflict::TokenClaimed.into()),
        _ => Err(Conflict::SessionChanged.into()),
    }
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
