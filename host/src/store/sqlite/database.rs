//! The file and its connections.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::migrate;
use super::user_ids::UserIds;
use crate::clock::Clock;
use crate::store::StoreError;

/// The longest wait for a connection or for the write lock: the caller gives up after 5 s, and its
/// 503 must reach it.
const ACQUIRE: Duration = Duration::from_secs(2);

pub(super) type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// The embedded database; a clone is the same one.
#[derive(Clone)]
pub struct Sqlite {
    pub(super) readers: SqlitePool,
    /// One connection: SQLite has one writer, and waiting for it here is fair and bounded.
    pub(super) writer: SqlitePool,
    pub(super) user_ids: UserIds,
    pub(super) clock: Clock,
}

impl Sqlite {
    /// Opens the file, creates it if it is missing, and migrates it.
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
        migrate::run(&writer).await?;
        let user_ids = UserIds::read(&writer).await?;
        let readers = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer, user_ids, clock })
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
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Commits; from here on a lost connection means that nobody knows.
pub(super) async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    transaction.commit().await.map_err(|error| StoreError::OutcomeUnknown(error.into()))
}
