//! Connections: how long we wait for them, when we trust them, and what a lost one means.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgDatabaseError, PgPool, PgRow, PgSeverity};
use tokio::time::timeout;

use super::{Postgres, Query};
use crate::store::StoreError;

/// What is counted of the database.
#[derive(Clone)]
pub struct DatabaseMetrics {
    /// Time to get a connection, in seconds, by pool.
    pub acquire: HistogramVec,
    /// What went wrong, by kind.
    pub errors: IntCounterVec,
    /// Open connections, by pool and state.
    pub connections: IntGaugeVec,
}

/// When a connection last broke: those that are older are not trusted, because what broke one (a
/// restart, a network that went) broke them all.
pub(super) struct Breaks {
    begun: Instant,
    last: AtomicU64,
}

impl Default for Breaks {
    fn default() -> Self {
        Self { begun: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Breaks {
    fn note(&self) {
        self.last.store(self.now(), Ordering::Release);
    }

    /// Whether a connection of that age was made after the last break.
    pub(super) fn trust(&self, age: Duration) -> bool {
        let made = self.now().saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let last = self.last.load(Ordering::Acquire);
        last == 0 || made > last
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A connection on loan. It goes back to the pool if it proved sound; else it is closed: also where
/// its user was cancelled within a question.
pub(super) struct Loan(Option<PoolConnection<sqlx::Postgres>>);

impl Loan {
    /// sqlx asks the server once more before it takes a connection back, and left alone it waits
    /// for that answer for ever.
    fn sound(mut self, silence: Duration) {
        if let Some(mut connection) = self.0.take() {
            tokio::spawn(timeout(silence, connection.return_to_pool()));
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// What a failed question means.
enum Failed {
    /// The server said no: nothing was written, and the connection is sound.
    Refused(sqlx::Error),
    /// There was no answer: what was asked may have been done, or not.
    Lost(sqlx::Error),
}

impl Postgres {
    /// Asks for rows, on a connection for requests. Where the connection turns out to be dead it
    /// asks once more on another.
    pub(super) async fn read<'q>(
        &self,
        question: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.ask_twice(&self.requests, "requests", question).await
    }

    /// A statement of the relay or the cleaner. It may be done twice.
    pub(super) async fn background<'q>(
        &self,
        question: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.ask_twice(&self.background, "background", question).await
    }

    /// A statement that commits by itself. Where its answer is lost, nobody knows whether it did.
    pub(super) async fn commit(&self, statement: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let loan = self.acquire(&self.requests, "requests").await?;
        match self.ask(loan, statement).await {
            Ok(rows) => Ok(rows),
            Err(Failed::Refused(error)) => Err(self.unavailable(error)),
            Err(Failed::Lost(error)) => {
                Err(self.counted("outcome_unknown", StoreError::OutcomeUnknown(error)))
            }
        }
    }

    async fn ask_twice<'q>(
        &self,
        pool: &PgPool,
        name: &str,
        question: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let loan = self.acquire(pool, name).await?;
        let failed = match self.ask(loan, question()).await {
            Ok(rows) => return Ok(rows),
            Err(Failed::Lost(error)) if !timed_out(&error) => {
                let loan = self.acquire(pool, name).await?;
                match self.ask(loan, question()).await {
                    Ok(rows) => return Ok(rows),
                    Err(Failed::Refused(error) | Failed::Lost(error)) => error,
                }
            }
            Err(Failed::Refused(error) | Failed::Lost(error)) => error,
        };
        Err(self.unavailable(failed))
    }

    async fn ask(&self, mut loan: Loan, question: Query<'_>) -> Result<Vec<PgRow>, Failed> {
        let Some(connection) = loan.0.as_deref_mut() else {
            return Err(Failed::Refused(sqlx::Error::PoolClosed));
        };
        match timeout(self.silence, question.fetch_all(connection)).await {
            Ok(Ok(rows)) => {
                loan.sound(self.silence);
                Ok(rows)
            }
            Ok(Err(error)) if refused(&error) => {
                if is_read_only(&error) {
                    // After a failover: this server is a standby, and others of our connections
                    // lead to it as well.
                    self.breaks.note();
                } else {
                    loan.sound(self.silence);
                }
                Err(Failed::Refused(error))
            }
            Ok(Err(error)) => {
                self.breaks.note();
                Err(Failed::Lost(error))
            }
            Err(_) => {
                self.breaks.note();
                Err(Failed::Lost(silent()))
            }
        }
    }

    pub(super) async fn acquire(&self, pool: &PgPool, name: &str) -> Result<Loan, StoreError> {
        let _timed = self.metrics.acquire.with_label_values(&[name]).start_timer();
        // Boxed: it holds what connecting needs, and every request would carry that along.
        match Box::pin(pool.acquire()).await {
            Ok(connection) => Ok(Loan(Some(connection))),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// A transaction of several statements. `work` ends it: where it commits, it says so by its
    /// result.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        let mut transaction =
            Transaction { loan: self.acquire(&self.requests, "requests").await?, store: self };
        transaction.run(sqlx::query("BEGIN")).await?;
        Ok(transaction)
    }

    /// Sets the gauges of the pools.
    pub(in crate::store) fn measure(&self) {
        for (name, pool) in [("requests", &self.requests), ("background", &self.background)] {
            let idle = i64::try_from(pool.num_idle()).unwrap_or(i64::MAX);
            self.metrics.connections.with_label_values(&[name, "idle"]).set(idle);
            self.metrics
                .connections
                .with_label_values(&[name, "used"])
                .set(i64::from(pool.size()).saturating_sub(idle));
        }
    }

    fn unavailable(&self, error: sqlx::Error) -> StoreError {
        self.counted(
            if timed_out(&error) { "timeout" } else { "unavailable" },
            StoreError::Unavailable(error),
        )
    }

    fn counted(&self, kind: &str, error: StoreError) -> StoreError {
        self.metrics.errors.with_label_values(&[kind]).inc();
        error
    }
}

/// A transaction of several statements, for writes that need them. Dropped without a commit, its
/// connection is closed, and the server rolls back.
pub(super) struct Transaction<'s> {
    loan: Loan,
    store: &'s Postgres,
}

impl Transaction<'_> {
    /// One statement of it.
    pub(super) async fn run(&mut self, statement: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let Some(connection) = self.loan.0.as_deref_mut() else {
            return Err(StoreError::Unavailable(sqlx::Error::PoolClosed));
        };
        match timeout(self.store.silence, statement.fetch_all(connection)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if !refused(&error) || is_read_only(&error) {
                    self.store.breaks.note();
                }
                Err(self.store.unavailable(error))
            }
            Err(_) => {
                self.store.breaks.note();
                Err(self.store.unavailable(silent()))
            }
        }
    }

    /// Commits; where the answer is lost, nobody knows.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.store.ask(self.loan, sqlx::query("COMMIT")).await {
            Ok(_) => Ok(()),
            Err(Failed::Refused(error)) => Err(self.store.unavailable(error)),
            Err(Failed::Lost(error)) => {
                Err(self.store.counted("outcome_unknown", StoreError::OutcomeUnknown(error)))
            }
        }
    }

    /// Ends it without a trace.
    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        // A connection that fails here is closed, which rolls back as well.
        let _ = self.store.ask(self.loan, sqlx::query("ROLLBACK")).await;
        Ok(())
    }
}

/// Whether the server answered that it did not do it. A FATAL (it stops, or ends our connection)
/// may come after a commit.
fn refused(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .try_downcast_ref::<PgDatabaseError>()
            .is_some_and(|error| matches!(error.severity(), PgSeverity::Error)),
        // These are ours: nothing was sent, or the rows are not of the form that we read.
        sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

/// SQLSTATE 25006, `read_only_sql_transaction`.
fn is_read_only(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("25006"))
}

/// The server did not answer for longer than a statement may take.
fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        "the database did not answer",
    ))
}

/// Whether a statement took too long, by our clock or by the server's: SQLSTATE 57014,
/// `query_canceled`, and 55P03, `lock_not_available`.
fn timed_out(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57014" | "55P03")),
        _ => false,
    }
}
