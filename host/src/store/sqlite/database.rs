//! The file and its connections.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::file::DatabaseFile;
use super::migrate;
use super::replicas::Replicas;
use super::user_ids::UserIds;
use super::writer::{Transaction, Writer, not_the_file};
use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::outage::{Outage, Seen};

/// The longest wait for a connection: the caller gives up after 5 s, and its 503 must reach it.
const ACQUIRE: Duration = Duration::from_secs(2);
/// The longest wait for the write lock, which another process may hold. Whoever waited for the one
/// connection that writes may wait for the lock as well: both together are well below a request's
/// time limit, beyond which nobody knows whether it was done.
const LOCK: Duration = Duration::from_secs(1);

type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// The embedded database; a clone is the same one.
#[derive(Clone)]
pub struct Sqlite {
    /// One connection that nobody uses: the last one to be closed deletes the log, and others are
    /// closed whenever they fail.
    anchor: SqlitePool,
    readers: SqlitePool,
    /// One connection for what reads beside requests; opened when it is needed.
    reader_beside: SqlitePool,
    /// One connection: SQLite has one writer, and waiting for it here is fair and bounded.
    pub(super) writer: Writer,
    pub(super) user_ids: UserIds,
    pub(super) replicas: Replicas,
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
            .busy_timeout(LOCK)
            .statement_cache_capacity(64);
        let anchor = pool(1).connect_with(options.clone()).await?;
        migrate::run(&anchor).await?;
        let user_ids = UserIds::read(&anchor).await?;
        let opened = DatabaseFile::opened(file)?;
        // From here on a file that is missing, or another one, is not opened in its place.
        let options = options.create_if_missing(false);
        let pool = |connections| {
            let opened = opened.clone();
            pool(connections).after_connect(move |_, _| {
                let is_there = opened.is_there();
                Box::pin(async move {
                    if is_there { Ok(()) } else { Err(sqlx::Error::Io(not_the_file())) }
                })
            })
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let options = options.read_only(true);
        let reader_beside = pool(1).connect_lazy_with(options.clone());
        let readers = pool(4).connect_with(options).await?;
        let writer = Writer { pool: writer, file: opened.clone(), seen: Seen::default() };
        let replicas = Replicas::default();
        Ok(Self { anchor, readers, reader_beside, writer, user_ids, replicas, clock })
    }

    /// The same, whose reads need no connection of requests.
    pub(in crate::store) fn beside_requests(&self) -> Self {
        Self { readers: self.reader_beside.clone(), ..self.clone() }
    }

    pub(in crate::store) async fn close(&self) {
        self.readers.close().await;
        self.reader_beside.close().await;
        self.writer.pool.close().await;
        self.anchor.close().await;
    }

    pub(in crate::store) async fn ping(&self) -> Result<(), StoreError> {
        self.told(sqlx::query("SELECT 1").execute(self.readers()?).await)?;
        Ok(())
    }

    /// What is known to be wrong: the file is looked at, the rest is what writes met.
    pub fn outage(&self) -> Option<Outage> {
        let _ = self.writer.check_file();
        self.writer.seen.outage()
    }

    /// Writes to find out whether an outage is over; in calm it writes nothing.
    pub(in crate::store) async fn look(&self) -> Option<Outage> {
        if self.outage().is_some() {
            // What it met is written down.
            let _ = self.writer.probe().await;
        }
        self.writer.seen.outage()
    }

    /// Writes as a request does, whatever is known.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.writer.probe().await
    }

    pub(in crate::store) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Connections that read. None reads on in a file that was taken away.
    pub(super) fn readers(&self) -> Result<&SqlitePool, StoreError> {
        match self.writer.seen.outage() {
            Some(Outage::TakenAway) => self.writer.check_file().map(|()| &self.readers),
            _ => Ok(&self.readers),
        }
    }

    /// What a question to the readers was answered, with what it says about the database written
    /// down.
    pub(super) fn told<T>(&self, answer: sqlx::Result<T>) -> Result<T, StoreError> {
        answer.map_err(|error| self.writer.noted(error))
    }

    /// A statement that commits by itself; how many rows it changed.
    pub(super) async fn execute(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut writer = self.writer.borrow().await?;
        let done = statement.execute(&mut *writer).await;
        Ok(writer.end(done)?.rows_affected())
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        self.writer.begin().await
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}
