//! Connections: how long we wait for them, how long for an answer on one, and what a lost one means
//! for what was asked.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::answer::{AskError, is_read_only, silent, timed_out};
use super::breaks::Breaks;
use super::metrics::DatabaseMetrics;
use crate::store::StoreError;
use crate::store::outage::{Outage, Seen};

/// The longest wait for a connection: the caller gives up after 5 s, and its 503 must reach it.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Connections for the relay, the cleaner and the registry, so that none of them waits for
/// requests, nor they for it: a release can be taken back however busy the service is.
const BACKGROUND_CONNECTIONS: u32 = 6;
/// So many of them may carry values of many megabytes at a time: the others stay for what is short,
/// such as the beats by which replicas know that this one lives.
const PATIENT: usize = 2;
/// So many more wait for that; the next is told at once.
const PATIENT_AND_WAITING: usize = PATIENT + 8;

pub(super) type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// A connection on loan. It goes back to the pool if it proved sound; else it is closed, also if
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

/// The right to a transaction that takes its time.
pub(super) struct Room {
    _turn: OwnedSemaphorePermit,
    _queue: OwnedSemaphorePermit,
}

/// Connections for requests, and others for what runs beside them; a clone has the same ones.
#[derive(Clone)]
pub(super) struct Pools {
    requests: PgPool,
    /// What the metrics call them.
    of_requests: &'static str,
    background: PgPool,
    /// After that long without an answer a connection is given up.
    silence: Duration,
    patient: Arc<Semaphore>,
    patient_or_waiting: Arc<Semaphore>,
    pub(super) breaks: Arc<Breaks>,
    /// Why the server takes no writes.
    pub(super) seen: Seen,
    metrics: DatabaseMetrics,
}

impl Pools {
    /// None is opened yet.
    pub(super) fn new(
        options: &PgConnectOptions,
        request_connections: u32,
        silence: Duration,
        metrics: DatabaseMetrics,
    ) -> Self {
        let breaks = Arc::new(Breaks::default());
        let pool = |connections| {
            let breaks = Arc::clone(&breaks);
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE)
                .test_before_acquire(false)
                .before_acquire(move |_, used| {
                    let trusted = breaks.trust(used.age);
                    Box::pin(async move { Ok(trusted) })
                })
                .connect_lazy_with(options.clone())
        };
        Self {
            requests: pool(request_connections),
            of_requests: "requests",
            background: pool(BACKGROUND_CONNECTIONS),
            silence,
            patient: Arc::new(Semaphore::new(PATIENT)),
            patient_or_waiting: Arc::new(Semaphore::new(PATIENT_AND_WAITING)),
            breaks,
            seen: Seen::default(),
            metrics,
        }
    }

    /// What asks like a request, on connections that no request needs.
    pub(super) fn beside_requests(&self) -> Self {
        Self { requests: self.background.clone(), of_requests: "background", ..self.clone() }
    }

    pub(super) async fn close(&self) {
        self.requests.close().await;
        self.background.close().await;
    }

    /// Asks for rows, on a connection for requests. If the connection turns out to be dead it asks
    /// once more on another: so this is for what may be done twice.
    pub(super) async fn read<'q>(
        &self,
        question: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.ask_twice(&self.requests, self.of_requests, question).await
    }

    /// A statement of the relay or the cleaner. It may be done twice.
    pub(super) async fn background<'q>(
        &self,
        question: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.ask_twice(&self.background, "background", question).await
    }

    /// A statement that commits by itself. If its answer is lost, nobody knows whether it did.
    pub(super) async fn commit(&self, statement: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let loan = self.acquire(&self.requests, self.of_requests).await?;
        self.commit_on(loan, statement).await
    }

    /// The same on a connection that has a transaction to end.
    pub(super) async fn commit_on(
        &self,
        loan: Loan,
        statement: Query<'_>,
    ) -> Result<Vec<PgRow>, StoreError> {
        match self.ask(loan, statement).await {
            Ok(rows) => Ok(rows),
            Err(AskError::Refused(error)) => Err(self.unavailable(error)),
            Err(AskError::Lost(error)) => {
                Err(self.counted("outcome_unknown", StoreError::OutcomeUnknown(error.into())))
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
        let answer = match self.ask(loan, question()).await {
            Err(AskError::Lost(error)) if !timed_out(&error) => {
                let loan = self.acquire(pool, name).await?;
                self.ask(loan, question()).await
            }
            answer => answer,
        };
        answer.map_err(|error| self.unavailable(error.cause()))
    }

    /// The last question on a connection before it goes back.
    pub(super) async fn ask(
        &self,
        mut loan: Loan,
        question: Query<'_>,
    ) -> Result<Vec<PgRow>, AskError> {
        let knew = self.knows_read_only();
        let answer = self.ask_on(&mut loan, question).await;
        // After a failover a server that takes no writes is a standby: its connection is not kept.
        // One that was made since then leads to the same server as the next would.
        let sound = match &answer {
            Ok(_) => true,
            Err(AskError::Refused(error)) => knew || !is_read_only(error),
            Err(AskError::Lost(_)) => false,
        };
        if sound {
            loan.sound(self.silence);
        }
        answer
    }

    /// One of several questions on a connection.
    pub(super) async fn ask_on(
        &self,
        loan: &mut Loan,
        question: Query<'_>,
    ) -> Result<Vec<PgRow>, AskError> {
        self.ask_within(loan, question, self.silence).await
    }

    /// The same with another limit.
    pub(super) async fn ask_within(
        &self,
        loan: &mut Loan,
        question: Query<'_>,
        limit: Duration,
    ) -> Result<Vec<PgRow>, AskError> {
        let Some(connection) = loan.0.as_deref_mut() else {
            return Err(AskError::Refused(sqlx::Error::PoolClosed));
        };
        let error = match timeout(limit, question.fetch_all(connection)).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => AskError::from(error),
            Err(_) => AskError::Lost(silent()),
        };
        match &error {
            AskError::Refused(error) => self.seen_in(error),
            AskError::Lost(_) => self.breaks.note(),
        }
        Err(error)
    }

    /// Remembers what a refusal says about the server.
    fn seen_in(&self, error: &sqlx::Error) {
        match Outage::of(error) {
            Some(Outage::ReadOnly) => self.note_read_only(),
            Some(outage) => self.seen.note(outage),
            None => {}
        }
    }

    /// Others of our connections lead to the same standby as well: each is replaced once.
    pub(super) fn note_read_only(&self) {
        if !self.knows_read_only() {
            self.seen.note(Outage::ReadOnly);
            self.breaks.note();
        }
    }

    pub(super) fn knows_read_only(&self) -> bool {
        self.seen.outage() == Some(Outage::ReadOnly)
    }

    /// A connection for what runs beside requests.
    pub(super) async fn borrow_background(&self) -> Result<Loan, StoreError> {
        self.acquire(&self.background, "background").await
    }

    /// The right to a transaction that takes its time; refused if too many wait for one.
    pub(super) async fn room_for_patience(&self) -> Result<Room, StoreError> {
        let full = || self.unavailable(sqlx::Error::PoolTimedOut);
        let queue = Arc::clone(&self.patient_or_waiting).try_acquire_owned();
        let queue = queue.map_err(|_| full())?;
        let turn = Arc::clone(&self.patient).acquire_owned().await.map_err(|_| full())?;
        Ok(Room { _turn: turn, _queue: queue })
    }

    /// A connection for requests.
    pub(super) async fn borrow(&self) -> Result<Loan, StoreError> {
        self.acquire(&self.requests, self.of_requests).await
    }

    async fn acquire(&self, pool: &PgPool, name: &str) -> Result<Loan, StoreError> {
        let _timed = self.metrics.acquire.with_label_values(&[name]).start_timer();
        // Boxed: it holds what connecting needs, and every request would carry that along.
        match Box::pin(pool.acquire()).await {
            Ok(connection) => Ok(Loan(Some(connection))),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// Sets the gauges of connections, idle and used.
    pub(super) fn measure(&self) {
        for (name, pool) in [("requests", &self.requests), ("background", &self.background)] {
            let idle = i64::try_from(pool.num_idle()).unwrap_or(i64::MAX);
            self.metrics.connections.with_label_values(&[name, "idle"]).set(idle);
            self.metrics
                .connections
                .with_label_values(&[name, "used"])
                .set(i64::from(pool.size()).saturating_sub(idle));
        }
    }

    /// Nothing was written, or it does not matter.
    pub(super) fn unavailable(&self, error: sqlx::Error) -> StoreError {
        self.counted(
            if timed_out(&error) { "timeout" } else { "unavailable" },
            StoreError::Unavailable(error.into()),
        )
    }

    fn counted(&self, kind: &str, error: StoreError) -> StoreError {
        self.metrics.errors.with_label_values(&[kind]).inc();
        error
    }
}
