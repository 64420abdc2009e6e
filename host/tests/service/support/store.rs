//! Which database the services of these tests run on: SQLite, or with `TEST_STORE=postgres` a
//! PostgreSQL database of their own.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{TestDatabase, database};

/// Whether services run on PostgreSQL where a test does not say.
pub(crate) fn on_postgres() -> bool {
    match std::env::var("TEST_STORE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite" | "") | Err(_) => false,
        Ok(other) => panic!("TEST_STORE must be sqlite or postgres, and is {other:?}"),
    }
}

/// A database that is dropped with the test, however it ends.
pub(crate) struct OwnDatabase(Option<TestDatabase>);

impl OwnDatabase {
    pub(crate) async fn new() -> Self {
        Self(Some(database().await))
    }

    pub(crate) fn url(&self) -> &str {
        &self.of().url
    }

    pub(crate) fn of(&self) -> &TestDatabase {
        self.0.as_ref().unwrap()
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(self.url()).await.unwrap()
    }

    /// All that its tables hold: a text for each table, and its name.
    pub(crate) async fn contents(&self) -> Vec<(String, String)> {
        let mut connection = self.connection().await;
        let tables =
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'auth' ORDER BY tablename";
        let tables: Vec<String> =
            sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        let mut contents = Vec::new();
        for table in tables {
            let rows = AssertSqlSafe(format!("SELECT t::text FROM auth.\"{table}\" AS t"));
            let rows: Vec<String> =
                sqlx::query_scalar(rows).fetch_all(&mut connection).await.unwrap();
            contents.push((table, rows.join("\n")));
        }
        connection.close().await.unwrap();
        contents
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let database = self.0.take().unwrap();
        // On a thread of its own: this one may be within a runtime.
        let removed = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(database.remove());
        })
        .join();
        assert!(removed.is_ok() || std::thread::panicking(), "a test's database was not dropped");
    }
}
