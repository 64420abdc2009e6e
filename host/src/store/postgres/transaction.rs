//! A transaction of several statements, for decisions that need them.

use std::time::Duration;

use sqlx::postgres::PgRow;

use super::pools::{Loan, Pools, Query, Room};
use crate::store::StoreError;
use crate::store::error::MayBeWell;
use crate::store::outage::Outage;

/// What is to be committed together. Dropped before its end, its connection is closed, and the
/// server rolls back.
pub(super) struct Transaction<'s> {
    loan: Loan,
    pools: &'s Pools,
    /// Whether the server was known to take no writes when it began.
    knew_read_only: bool,
    /// For one of its statements, if it is not the one of all others.
    patience: Option<Duration>,
    /// Held until its end.
    room: Option<Room>,
}

impl Pools {
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        self.begin_on(self.borrow().await?).await
    }

    /// One that requests do not wait for, nor it for them.
    pub(super) async fn begin_in_background(&self) -> Result<Transaction<'_>, StoreError> {
        self.begin_on(self.borrow_background().await?).await
    }

    /// The same for values of many megabytes. Few are open at a time, and few wait for their turn.
    pub(super) async fn begin_patiently(&self) -> Result<Transaction<'_>, StoreError> {
        let room = self.room_for_patience().await?;
        let mut transaction = self.begin_in_background().await?;
        transaction.room = Some(room);
        // The server's limit, in milliseconds; ours is a little longer.
        transaction.run(sqlx::query("SET LOCAL statement_timeout = 30000")).await?;
        transaction.patience = Some(Duration::from_secs(31));
        Ok(transaction)
    }

    async fn begin_on(&self, loan: Loan) -> Result<Transaction<'_>, StoreError> {
        let knew_read_only = self.knows_read_only();
        let mut transaction =
            Transaction { loan, pools: self, knew_read_only, patience: None, room: None };
        transaction.run(sqlx::query("BEGIN")).await?;
        Ok(transaction)
    }
}

impl Transaction<'_> {
    /// One statement of it.
    pub(super) async fn run(&mut self, statement: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let answer = match self.patience {
            Some(limit) => self.pools.ask_within(&mut self.loan, statement, limit).await,
            None => self.pools.ask_on(&mut self.loan, statement).await,
        };
        answer.map_err(|error| self.pools.unavailable(error.cause()))
    }

    /// Commits what went well. A conflict is rolled back in so many words: its connection is sound
    /// and goes back to the pool. After an error it is closed, unless the server just takes no
    /// writes: a new connection would lead to the same.
    pub(super) async fn end<T, E: MayBeWell>(self, done: Result<T, E>) -> Result<T, E> {
        let error = match done {
            Ok(value) => {
                self.pools.commit_on(self.loan, sqlx::query("COMMIT")).await?;
                return Ok(value);
            }
            Err(error) => error,
        };
        let is_sound = match error.of_the_database() {
            None => true,
            Some(error) => match error.outage() {
                Some(Outage::Full) => true,
                Some(Outage::ReadOnly) => self.knew_read_only,
                _ => false,
            },
        };
        if is_sound {
            // A connection that fails here is closed, which rolls back as well.
            let _ = self.pools.ask(self.loan, sqlx::query("ROLLBACK")).await;
        }
        Err(error)
    }
}
