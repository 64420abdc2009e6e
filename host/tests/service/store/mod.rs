//! What both databases must do alike, and what PostgreSQL must do for replicas that share it.
//!
//! Most of it cannot be seen through the public door, and goes through [`Store`]. `leases`,
//! `operators`, `texts` and `commands` run on the database of this run (see
//! `support::on_postgres`), the others on PostgreSQL.

mod away;
mod commands;
mod contention;
mod disks;
mod leases;
mod operators;
mod replicas;
mod roles;
mod settings;
mod starting;
mod texts;
mod tls;
mod unwritable;

use std::collections::HashMap;
use std::time::Duration;

use auth_host::clock::Clock;
use auth_host::events::NewEvent;
use auth_host::metrics::Meter;
use auth_host::store::{
    DatabaseMetrics, EventFilter, EventRow, NewSession, NewToken, OutboxEvent, Postgres,
    PostgresSettings, Sqlite, Store, Writes,
};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{OwnDatabase, on_postgres};

/// How long leases last in these tests.
const LEASE: Duration = Duration::from_secs(20);

/// A database without a service.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    folder: TempDir,
    database: Option<OwnDatabase>,
}

impl Opened {
    /// The database of this run.
    pub(crate) async fn new() -> Self {
        if on_postgres() { Self::on_postgres().await } else { Self::on(None).await }
    }

    async fn on_postgres() -> Self {
        Self::on(Some(OwnDatabase::new().await)).await
    }

    async fn on(database: Option<OwnDatabase>) -> Self {
        let (clock, folder) = (Clock::shifted(), TempDir::new().unwrap());
        let store = opened(database.as_ref(), &folder, &clock).await;
        Self { store, clock, folder, database }
    }

    /// Opens it once more, after it was closed.
    pub(crate) async fn again(&mut self) {
        self.store = opened(self.database.as_ref(), &self.folder, &self.clock).await;
    }

    /// The same database as another replica has it; SQLite has one process.
    pub(crate) async fn another(&self) -> Store {
        match &self.database {
            Some(database) => Store::Postgres(open(database.url(), &self.clock).await.unwrap()),
            None => self.store.clone(),
        }
    }

    /// What an older version, or somebody else, does to it: `{s}` is the schema.
    pub(crate) async fn execute(&self, statements: &str) -> sqlx::Result<()> {
        if let Some(database) = &self.database {
            let mut connection = database.connection().await;
            let statements = AssertSqlSafe(statements.replace("{s}", "auth."));
            let done = sqlx::raw_sql(statements).execute(&mut connection).await;
            connection.close().await?;
            return done.map(drop);
        }
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("auth.sqlite"));
        let mut connection = file.connect().await?;
        let statements = AssertSqlSafe(statements.replace("{s}", ""));
        let done = sqlx::raw_sql(statements).execute(&mut connection).await;
        connection.close().await?;
        done.map(drop)
    }

    /// The settings with which a program finds it.
    fn settings(&self) -> HashMap<String, String> {
        let folder = self.folder.path().to_str().unwrap();
        let mut settings = vec![
            ("DATA_DIR", folder),
            ("POLICY_DIR", folder),
            ("AUTH_JWT_SECRET", crate::support::JWT_SECRET),
        ];
        settings.extend(self.database.iter().map(|database| ("DATABASE_URL", database.url())));
        settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A new account with one session and no event.
    async fn account(&self, email: &str, writes: Writes) -> i64 {
        let expires_at = self.clock.now() + 3_600_000;
        let token = NewToken {
            token_id: Uuid::new_v4().to_string(),
            lookup: Uuid::new_v4().as_bytes().to_vec(),
            expires_at,
        };
        let session = NewSession {
            session_id: Uuid::new_v4().to_string(),
            address: None,
            user_agent: None,
            ends_at: expires_at,
            token,
        };
        let user_id = self.store.next_user_id(email).await.unwrap();
        let writes = Writes { slot: "register", ..writes };
        self.store.register(user_id, email, "no hash", &session, &writes).await.unwrap();
        user_id
    }

    /// Events with these keys, of one account, each committed by itself. The body says which it is,
    /// from 0.
    async fn events(&self, keys: &[&str]) {
        let user_id = self
            .account(&format!("{}@example.com", Uuid::new_v4().simple()), Writes::default())
            .await;
        for (number, key) in keys.iter().enumerate() {
            let data = json!({ "number": number, "email": "leo@example.com" })
                .as_object()
                .unwrap()
                .clone();
            let event = NewEvent {
                event_type: "custom.test.event".to_owned(),
                data,
                ordering_key: Some((*key).to_owned()),
                traceparent: None,
            };
            let writes = Writes { slot: "login", events: vec![event], ..Writes::default() };
            self.store.refuse(Some(user_id), &writes).await.unwrap();
        }
    }

    /// The numbers of the events that this owner gets.
    async fn lease(&self, owner: Uuid, most: u32) -> Vec<u64> {
        self.leased(owner, most).await.iter().map(|event| number(&event.payload)).collect()
    }

    async fn leased(&self, owner: Uuid, most: u32) -> Vec<OutboxEvent> {
        self.store.outbox_lease(owner, most, LEASE).await.unwrap()
    }

    /// All events, oldest first.
    pub(crate) async fn rows(&self) -> Vec<EventRow> {
        let mut rows = self
            .store
            .outbox_list(&EventFilter { state: None, message_id: None, most: 1000 })
            .await
            .unwrap();
        rows.reverse();
        rows
    }

    /// The ids of the events with these numbers.
    async fn ids(&self, numbers: &[u64]) -> Vec<Uuid> {
        let rows = self.rows().await;
        let id = |wanted: &u64| {
            rows.iter()
                .find(|row| number(&row.payload) == *wanted)
                .unwrap()
                .message_id
                .parse()
                .unwrap()
        };
        numbers.iter().map(id).collect()
    }
}

async fn opened(database: Option<&OwnDatabase>, folder: &TempDir, clock: &Clock) -> Store {
    let file = folder.path().join("auth.sqlite");
    match database {
        Some(database) => Store::Postgres(open(database.url(), clock).await.unwrap()),
        None => Store::Sqlite(Sqlite::open(&file, clock.clone()).await.unwrap()),
    }
}

pub(crate) async fn open(url: &str, clock: &Clock) -> anyhow::Result<Postgres> {
    let settings = PostgresSettings {
        options: url.parse().unwrap(),
        max_connections: 16,
        statement_timeout: Duration::from_secs(3),
    };
    Postgres::open(&settings, clock.clone(), DatabaseMetrics::new(&Meter::new().unwrap()).unwrap())
        .await
}

/// Which event it is.
fn number(payload: &str) -> u64 {
    let body: serde_json::Value = serde_json::from_str(payload).unwrap();
    body["number"].as_u64().unwrap()
}
