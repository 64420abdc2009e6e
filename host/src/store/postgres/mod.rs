//! PostgreSQL: shared by all replicas, and the authority. Whatever can be is one statement that
//! commits by itself: one round trip, and nothing is locked while we think.

mod accounts;
mod connection;
mod decisions;
mod flush;
mod housekeeping;
mod import;
mod migrate;
mod outbox;
mod policies;
mod sessions;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};

use super::{StoreError, events};
use crate::clock::Clock;
use connection::Breaks;

pub use connection::DatabaseMetrics;

/// The longest wait for a connection: the caller gives up after 5 s, and its 503 must reach it.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Beyond the server's own time limit the server is frozen or the network is gone.
const SILENCE: Duration = Duration::from_millis(500);
/// Connections for the relay and the cleaner, so that neither waits for requests, nor they for it.
const BACKGROUND_CONNECTIONS: u32 = 4;

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// How to reach PostgreSQL.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Address, database, user, password, TLS.
    pub options: PgConnectOptions,
    /// Connections for requests.
    pub max_connections: u32,
    /// How long a statement may take, by the server's clock.
    pub statement_timeout: Duration,
}

/// PostgreSQL.
#[derive(Clone)]
pub struct Postgres {
    requests: PgPool,
    background: PgPool,
    clock: Clock,
    /// After that long without an answer a connection is given up.
    silence: Duration,
    breaks: Arc<Breaks>,
    /// How many events the last lease had to look at before it found some; 0 where it found none.
    looked_at: Arc<AtomicU32>,
    metrics: DatabaseMetrics,
}

impl Postgres {
    /// Migrates the database and opens its pools.
    pub async fn open(
        settings: &PostgresSettings,
        clock: Clock,
        metrics: DatabaseMetrics,
    ) -> anyhow::Result<Self> {
        migrate::run(&settings.options).await?;
        let limit = settings.statement_timeout.as_millis().to_string();
        let options = settings.options.clone().application_name("auth-host").options([
            ("statement_timeout", limit.as_str()),
            ("lock_timeout", limit.as_str()),
            ("idle_in_transaction_session_timeout", limit.as_str()),
            // Our statements are short, whatever the planner expects of a long outbox: compiling
            // one takes longer than it runs.
            ("jit", "off"),
            // Every statement of ours has its index. A plan that was made while a table was empty
            // would read all of it for as long as the connection lives, however long it has become:
            // an outbox fills within seconds when the broker is away.
            ("enable_seqscan", "off"),
        ]);
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
        let store = Self {
            requests: pool(settings.max_connections),
            background: pool(BACKGROUND_CONNECTIONS),
            clock,
            silence: settings.statement_timeout + SILENCE,
            breaks,
            looked_at: Arc::default(),
            metrics,
        };
        store.set_clock().await?;
        Ok(store)
    }

    /// Brings the schema up to date, and does nothing else.
    pub async fn migrate(settings: &PostgresSettings) -> anyhow::Result<()> {
        migrate::run(&settings.options).await
    }

    pub(super) async fn close(&self) {
        self.requests.close().await;
        self.background.close().await;
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        // On a connection that no request waits for: a service that is only busy is ready.
        self.background(|| sqlx::query("SELECT 1")).await.map(drop)
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sets our clock by the database's.
    pub(super) async fn set_clock(&self) -> Result<(), StoreError> {
        use sqlx::Row as _;
        let question =
            || sqlx::query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
        // The first answer is for the connection: the wait for it is no part of the second.
        self.background(question).await?;
        let asked = std::time::Instant::now();
        let row = only(self.background(question).await?)?;
        // It was read about halfway between question and answer.
        self.clock.set(row.try_get(0)?, asked + asked.elapsed() / 2);
        Ok(())
    }
}

/// The one row of a query that always has one.
fn only(rows: Vec<PgRow>) -> Result<PgRow, StoreError> {
    rows.into_iter()
        .next()
        .ok_or_else(|| StoreError::Damaged("a query that always has a row had none".into()))
}
