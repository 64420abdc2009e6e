//! PostgreSQL for tests: databases of their own on the shared server, and servers that can be taken away.

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

use super::servers::{Server, shared};

/// A server with durable settings, for the test that starts it.
pub(crate) struct Postgres(Server);

/// A database for one test.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    server_url: String,
    name: String,
}

/// A new database on the server that all tests share.
pub(crate) async fn database() -> TestDatabase {
    TestDatabase::create(&shared("TEST_DATABASE_URL")).await
}

impl TestDatabase {
    async fn create(server_url: &str) -> Self {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        execute(server_url, &format!("CREATE DATABASE {name}")).await;
        let mut url: reqwest::Url = server_url.parse().unwrap();
        url.set_path(&name);
        Self { url: url.into(), server_url: server_url.to_owned(), name }
    }

    /// The same database by another way, such as a proxy.
    pub(crate) fn url_by(&self, address: &str) -> String {
        self.url.replacen(&self.address(), address, 1)
    }

    /// Host and port of its server.
    pub(crate) fn address(&self) -> String {
        let url: reqwest::Url = self.url.parse().unwrap();
        format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPool::connect(&self.url).await.unwrap()
    }

    /// Ends all connections that others have to it.
    pub(crate) async fn terminate_backends(&self) {
        let statement =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        execute(&self.url, statement).await;
    }

    pub(crate) async fn remove(self) {
        execute(&self.server_url, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

impl Postgres {
    pub(crate) async fn start() -> Self {
        Self(Server::start("postgres", &["durable"]).await)
    }

    pub(crate) async fn database(&self) -> TestDatabase {
        TestDatabase::create(&format!("postgres://postgres@127.0.0.1:{}/postgres", self.0.port)).await
    }

    /// `pg_ctl -m immediate`, which is a crash that tidies up, and a start.
    pub(crate) async fn restart_immediately(&mut self) {
        let file = std::fs::read_to_string(self.0.folder().join("data/postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().parse().unwrap();
        kill_process(Pid::from_raw(postmaster).unwrap(), Signal::QUIT).unwrap();
        self.0.ended().await;
        self.0.start_again().await;
    }

    pub(crate) async fn kill(&self) {
        self.0.kill().await;
    }

    pub(crate) async fn start_again(&mut self) {
        self.0.start_again().await;
    }

    pub(crate) fn freeze(&self) {
        self.0.freeze();
    }

    pub(crate) fn thaw(&self) {
        self.0.thaw();
    }
}

async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
