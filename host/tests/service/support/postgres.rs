//! PostgreSQL for tests: databases of their own on the shared server, and servers that can be taken
//! away.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

use super::eventually;
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
        self.terminate_backends_by(&self.url).await;
    }

    async fn terminate_backends_by(&self, url: &str) {
        let which = format!("datname = '{}' AND pid <> pg_backend_pid()", self.name);
        execute(
            url,
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {which}"),
        )
        .await;
    }

    /// From now on connections to it are as those to a standby.
    pub(crate) async fn become_standby(&self) {
        self.set_read_only(true).await;
        self.terminate_backends_by(&self.server_url).await;
    }

    /// New connections to it can write again; those that there are cannot.
    pub(crate) async fn become_primary(&self) {
        self.set_read_only(false).await;
    }

    async fn set_read_only(&self, on: bool) {
        execute(
            &self.server_url,
            &format!("ALTER DATABASE {} SET default_transaction_read_only = {on}", self.name),
        )
        .await;
    }

    pub(crate) async fn remove(self) {
        execute(&self.server_url, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

impl Postgres {
    pub(crate) async fn start() -> Self {
        Self(Server::start("postgres", &["durable"]).await)
    }

    /// Its address, with a database that is always there.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.0.port)
    }

    pub(crate) async fn database(&self) -> TestDatabase {
        TestDatabase::create(&self.url()).await
    }

    /// From now on it takes connections over TLS and no others, with this certificate and its key.
    pub(crate) async fn only_tls(&self, (certificate, key): &(String, String)) {
        let data = self.0.folder().join("data");
        let owner = fs::metadata(&data).unwrap();
        let access = "hostssl all all 127.0.0.1/32 trust\n";
        for (name, text) in
            [("server.crt", certificate.as_str()), ("server.key", key), ("pg_hba.conf", access)]
        {
            let file = data.join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let ask = async |question| {
            let mut connection = PgConnection::connect(&self.url()).await.unwrap();
            sqlx::query_scalar::<_, String>(question).fetch_one(&mut connection).await.unwrap()
        };
        let loaded = "SELECT pg_conf_load_time()::text";
        let before = ask(loaded).await;
        execute(&self.url(), "ALTER SYSTEM SET ssl = on").await;
        execute(&self.url(), "SELECT pg_reload_conf()").await;
        eventually("a server with its new settings", async || {
            (ask(loaded).await != before).then_some(())
        })
        .await;
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
