//! SQLite, the embedded default: one writer, several readers, write-ahead log, `synchronous = FULL`
//! (a commit is on disk when it returns).

mod accounts;
mod decisions;
mod housekeeping;
mod outbox;
mod policies;
mod sessions;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Sqlite as Driver, Transaction};

use super::StoreError;
use crate::clock::Clock;

/// The longest wait for a connection or for the write lock: the caller gives up after 5 s, and its
/// 503 must reach it.
const ACQUIRE: Duration = Duration::from_secs(2);

/// The embedded database.
#[derive(Clone)]
pub struct Sqlite {
    readers: SqlitePool,
    /// One connection: SQLite has one writer, and waiting for it here is fair and bounded.
    writer: SqlitePool,
    clock: Clock,
}

impl Sqlite {
    /// Opens the file, creates it where it is missing, and migrates it.
    pub async fn open(file: &Path, clock: Clock) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(ACQUIRE)
            .statement_cache_capacity(64);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("../migrations/sqlite").run(&writer).await?;
        let readers = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer, clock })
    }

    pub(in crate::store) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(in crate::store) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    pub(in crate::store) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes the write lock at once: a transaction that reads first and writes later could fail in
    /// the middle.
    async fn begin(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Commits; from here on a lost connection means that nobody knows.
async fn commit(transaction: Transaction<'static, Driver>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(StoreError::OutcomeUnknown)
}

type Connection = SqliteConnection;
