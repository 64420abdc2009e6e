//! How to reach PostgreSQL, and what every connection to it is set to.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use super::answer::silent;
use super::hints::Hints;
use super::metrics::DatabaseMetrics;
use super::migrate;
use super::pools::Pools;
use super::rows::only;
use crate::clock::Clock;
use crate::keys;
use crate::store::StoreError;
use crate::store::outage::Outage;

/// Beyond the server's own time limit the server is frozen or the network is gone.
const SILENCE: Duration = Duration::from_millis(500);

/// For a connection and one question.
const CONNECT: Duration = Duration::from_secs(2);

/// What a server says that takes no writes, a standby or one that was set so.
const IS_READ_ONLY: &str = "SELECT current_setting('transaction_read_only')::bool";

/// A write of some size: what finds room for it serves requests again. The server would compress a
/// value of zeros, and find room for it in a page that is there already.
const PROBE: &str = "
    INSERT INTO auth.policy_storage (slot, key, value, expires_at)
    VALUES ('', 'probe', $1, 0)
    ON CONFLICT (slot, key) DO UPDATE SET value = excluded.value";
const PROBE_BYTES: usize = 65_536;
const END_OF_PROBE: &str = "DELETE FROM auth.policy_storage WHERE slot = '' AND key = 'probe'";

/// How to reach PostgreSQL.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Address, database, user, password, TLS.
    pub options: PgConnectOptions,
    /// At most so many connections for requests; those of the background come on top.
    pub max_connections: u32,
    /// How long a statement may take, by the server's clock.
    pub statement_timeout: Duration,
}

/// The shared database; a clone is the same one.
#[derive(Clone)]
pub struct Postgres {
    pub(super) pools: Pools,
    pub(super) options: Arc<PgConnectOptions>,
    /// Of changes of the registry.
    pub(super) hints: Arc<Hints>,
    pub(super) clock: Clock,
    /// How many events the last lease had to look at before it found some; 0 if it found none.
    pub(super) looked_at: Arc<AtomicU32>,
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
        let silence = settings.statement_timeout + SILENCE;
        let pools = Pools::new(&options, settings.max_connections, silence, metrics);
        let store = Self {
            pools,
            options: Arc::new(options),
            hints: Arc::default(),
            clock,
            looked_at: Arc::default(),
        };
        store.set_clock().await?;
        Ok(store)
    }

    /// Brings the schema up to date, and does nothing else.
    pub async fn migrate(settings: &PostgresSettings) -> anyhow::Result<()> {
        migrate::run(&settings.options).await
    }

    /// The same on the connections of the background.
    pub(in crate::store) fn beside_requests(&self) -> Self {
        Self { pools: self.pools.beside_requests(), ..self.clone() }
    }

    pub(in crate::store) async fn close(&self) {
        self.hints.close();
        self.pools.close().await;
    }

    pub(in crate::store) async fn ping(&self) -> Result<(), StoreError> {
        // On a connection that no request waits for: a service that is only busy is ready.
        let (is_read_only,) = only(&self.pools.background(|| sqlx::query(IS_READ_ONLY)).await?)?;
        if is_read_only {
            self.pools.note_read_only();
        }
        Ok(())
    }

    /// Why it takes no writes, as far as is known.
    pub(in crate::store) fn outage(&self) -> Option<Outage> {
        self.pools.seen.outage()
    }

    /// The same after a question; while writes fail it finds out whether they still do.
    pub(in crate::store) async fn look(&self) -> Option<Outage> {
        let answered = match self.outage() {
            None => self.ping().await,
            Some(Outage::ReadOnly) => self.look_for_a_primary().await,
            Some(_) => self.probe().await,
        };
        match (answered, self.outage()) {
            (Err(_), None | Some(Outage::ReadOnly)) => Some(Outage::Away),
            (_, outage) => outage,
        }
    }

    /// Where a new connection leads now: the ones that we have lead to where they did.
    async fn look_for_a_primary(&self) -> Result<(), StoreError> {
        let asked = async {
            let mut connection = self.options.connect().await?;
            let is_read_only: bool =
                sqlx::query_scalar(IS_READ_ONLY).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(is_read_only)
        };
        let asked = timeout(CONNECT, asked).await.unwrap_or_else(|_| Err(silent()));
        if !asked.map_err(|error| self.pools.unavailable(error))? {
            self.pools.breaks.note();
            self.pools.seen.over();
        }
        Ok(())
    }

    /// Writes as a request does.
    async fn probe(&self) -> Result<(), StoreError> {
        let mut value = vec![0; PROBE_BYTES];
        keys::fill_random(&mut value);
        self.pools.background(|| sqlx::query(PROBE).bind(&value)).await?;
        self.pools.background(|| sqlx::query(END_OF_PROBE)).await?;
        self.pools.seen.over();
        Ok(())
    }

    pub(in crate::store) fn measure(&self) {
        self.pools.measure();
    }

    pub(in crate::store) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sets our clock by the database's.
    pub(in crate::store) async fn set_clock(&self) -> Result<(), StoreError> {
        let question =
            || sqlx::query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
        // The first answer is for the connection: the wait for it is no part of the second.
        self.pools.background(question).await?;
        let asked = Instant::now();
        let (time,) = only(&self.pools.background(question).await?)?;
        // It was read about halfway between question and answer.
        self.clock.set(time, asked + asked.elapsed() / 2);
        Ok(())
    }
}
