//! The one connection that writes.
//!
//! The rule: a connection goes back to the pool if it proved sound. After an error, or if its user
//! was cancelled, it is closed and made anew: `SQLite` may have ended the transaction by itself, or
//! not. Nothing is written while the database's file is not the one that was opened.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::file::DatabaseFile;
use crate::store::StoreError;
use crate::store::error::MayBeWell;
use crate::store::outage::{Outage, Seen};

/// What a probe writes: more than most requests do, so that what it finds room for serves them.
const PROBE: &str = "
    INSERT OR REPLACE INTO policy_storage (slot, key, value, expires_at)
    VALUES ('', 'probe', zeroblob(65536), 0)";
const END_OF_PROBE: &str = "DELETE FROM policy_storage WHERE slot = '' AND key = 'probe'";

/// Lends the connection; a clone lends the same one.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) pool: SqlitePool,
    pub(super) file: DatabaseFile,
    pub(super) seen: Seen,
}

impl Writer {
    /// The connection, for a statement that commits by itself.
    pub(super) async fn borrow(&self) -> Result<Loan<'_>, StoreError> {
        self.check_file()?;
        // Boxed: it holds what connecting needs, and every request would carry that along.
        match Box::pin(self.pool.acquire()).await {
            Ok(connection) => Ok(Loan { connection, is_sound: false, writer: self }),
            Err(error) => Err(self.noted(error)),
        }
    }

    /// Takes the write lock at once: a transaction that reads first and writes later could fail in
    /// the middle.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        let mut loan = self.borrow().await?;
        match sqlx::query("BEGIN IMMEDIATE").execute(&mut *loan).await {
            Ok(_) => Ok(Transaction(loan)),
            Err(error) => Err(self.noted(error)),
        }
    }

    /// Writes as a request does: the outage is over if that goes well.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        for statement in [PROBE, END_OF_PROBE] {
            let mut loan = self.borrow().await?;
            let done = sqlx::query(statement).execute(&mut *loan).await;
            loan.end(done)?;
        }
        self.seen.over();
        Ok(())
    }

    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        if self.file.is_there() {
            return Ok(());
        }
        self.seen.note(Outage::TakenAway);
        Err(taken_away())
    }

    /// Remembers what an error says about the database.
    pub(super) fn noted(&self, error: sqlx::Error) -> StoreError {
        if let Some(outage) = Outage::of(&error) {
            self.seen.note(outage);
        }
        error.into()
    }
}

fn taken_away() -> StoreError {
    StoreError::Unavailable(sqlx::Error::Io(not_the_file()).into())
}

/// What a connection to another file is refused with.
pub(super) fn not_the_file() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, Outage::TakenAway.sentence())
}

/// The connection on loan.
pub(super) struct Loan<'w> {
    connection: PoolConnection<sqlx::Sqlite>,
    is_sound: bool,
    writer: &'w Writer,
}

impl Loan<'_> {
    /// Gives the connection back after a statement.
    pub(super) fn end<T>(mut self, done: sqlx::Result<T>) -> Result<T, StoreError> {
        match done {
            Ok(value) => {
                self.is_sound = true;
                Ok(value)
            }
            Err(error) => Err(self.writer.noted(error)),
        }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if !self.is_sound {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Loan<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

/// What is to be committed together. Dropped before its end, its connection is closed, which rolls
/// back.
pub(super) struct Transaction<'w>(Loan<'w>);

impl Transaction<'_> {
    /// Commits what went well. A conflict is rolled back in so many words: its connection is sound.
    pub(super) async fn end<T, E: MayBeWell>(mut self, done: Result<T, E>) -> Result<T, E> {
        let error = match done {
            Ok(value) => return Ok(self.commit(value).await?),
            Err(error) => error,
        };
        match error.of_the_database() {
            None => self.0.is_sound = sqlx::query("ROLLBACK").execute(&mut *self.0).await.is_ok(),
            Some(error) => {
                if let Some(outage) = error.outage() {
                    self.0.writer.seen.note(outage);
                }
            }
        }
        Err(error)
    }

    async fn commit<T>(mut self, value: T) -> Result<T, StoreError> {
        // At the last moment: what is committed into a deleted file is lost.
        self.0.writer.check_file()?;
        let Err(error) = sqlx::query("COMMIT").execute(&mut *self.0).await else {
            self.0.is_sound = true;
            return Ok(value);
        };
        let is_known = Outage::of(&error).is_some_and(Outage::is_before_a_commit);
        Err(match self.0.writer.noted(error) {
            StoreError::Unavailable(error) if !is_known => StoreError::OutcomeUnknown(error),
            error => error,
        })
    }
}

impl Deref for Transaction<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}
