//! The settings of the services that we use: PostgreSQL and RabbitMQ. A fault never repeats an
//! address: it may hold a password.

use std::time::Duration;

use lapin::uri::AMQPUri;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::reader::Reader;
use super::values::{between, duration, number};
use crate::outbox::AmqpSettings;
use crate::store::PostgresSettings;

const POSTGRES: [&str; 7] = [
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "POSTGRES_SSLMODE",
    "POSTGRES_SSLROOTCERT",
];

/// What the address of a database may say after its question mark. The driver would leave out what
/// it does not know, such as a misspelt `sslmode`.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];
const ROOT_PARAMETERS: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];

impl Reader<'_> {
    /// PostgreSQL, if `DATABASE_URL` or one of `POSTGRES_*` is set; `DATABASE_URL` wins.
    pub(super) fn postgres(&mut self) -> Option<PostgresSettings> {
        let limit = between(Duration::from_millis(100), Duration::from_mins(1), duration);
        let max_connections = self.value("DATABASE_MAX_CONNECTIONS", 16, between(1, 1000, number));
        let statement_timeout =
            self.value("DATABASE_STATEMENT_TIMEOUT", Duration::from_secs(2), limit);
        let url = self.given("DATABASE_URL").map(str::to_owned);
        let options: Option<PgConnectOptions> = match &url {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                url.parse().ok()
            }
            Some(_) => None,
            None => {
                return self.postgres_by_parts().map(|options| PostgresSettings {
                    options,
                    max_connections,
                    statement_timeout,
                });
            }
        };
        let Some(options) = options else {
            self.faults.push(
                "DATABASE_URL: is not an address such as \
                 postgres://user:password@host:5432/database?sslmode=require"
                    .into(),
            );
            return None;
        };
        let url = url.unwrap_or_default();
        let parameters = || {
            url.split_once('?')
                .into_iter()
                .flat_map(|(_, query)| query.split('&'))
                .map(|pair| pair.split('=').next().unwrap_or(pair))
        };
        let known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
        let unknown = parameters().any(|name| !known(name));
        let has_root = parameters().any(|name| ROOT_PARAMETERS.contains(&name));
        if unknown {
            let list = PARAMETERS.join(", ");
            self.faults
                .push(format!("DATABASE_URL: has a parameter that is none of these: {list}"));
        }
        self.trust("DATABASE_URL: sslmode", options.get_ssl_mode(), has_root);
        Some(PostgresSettings { options, max_connections, statement_timeout })
    }

    /// What a mode says it trusts must be what it trusts. The driver lets `verify-ca` take the
    /// certificate of any host by any common authority as well, and `allow` never asks for TLS;
    /// with any mode but `verify-full` nobody looks at the authority that was named.
    fn trust(&mut self, name: &str, mode: PgSslMode, has_root: bool) {
        if matches!(mode, PgSslMode::VerifyCa | PgSslMode::Allow) {
            self.faults
                .push(format!("{name}: must be one of disable, prefer, require, verify-full"));
        } else if has_root && !matches!(mode, PgSslMode::VerifyFull) {
            self.faults.push(format!(
                "{name}: must be verify-full if an authority (sslrootcert) \
                 is named: nothing else looks at it"
            ));
        }
    }

    fn postgres_by_parts(&mut self) -> Option<PgConnectOptions> {
        if POSTGRES.iter().all(|name| self.given(name).is_none()) {
            return None;
        }
        for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB"] {
            if self.given(name).is_none() {
                self.faults.push(format!(
                    "{name}: is not set, but others of POSTGRES_* are. Unset all of them to use \
                     the embedded database in DATA_DIR"
                ));
            }
        }
        let port = self.value("POSTGRES_PORT", 5432, between(1, u16::MAX, number));
        let mode = self.value("POSTGRES_SSLMODE", PgSslMode::Prefer, |text| {
            text.parse().map_err(|_| "is not one of disable, prefer, require, verify-full".into())
        });
        let has_root = self.given("POSTGRES_SSLROOTCERT").is_some();
        self.trust("POSTGRES_SSLMODE", mode, has_root);
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.text("POSTGRES_HOST", ""))
            .port(port)
            .username(&self.text("POSTGRES_USER", ""))
            .database(&self.text("POSTGRES_DB", ""))
            .ssl_mode(mode);
        if let Some(password) = self.given("POSTGRES_PASSWORD") {
            options = options.password(password);
        }
        if let Some(file) = self.given("POSTGRES_SSLROOTCERT") {
            options = options.ssl_root_cert(file);
        }
        Some(options)
    }

    /// RabbitMQ, if `AMQP_URL` is set.
    pub(super) fn amqp(&mut self) -> Option<AmqpSettings> {
        let limit = between(Duration::from_millis(100), Duration::from_mins(1), duration);
        let confirm_timeout = self.value("AMQP_CONFIRM_TIMEOUT", Duration::from_secs(5), limit);
        let exchange = self.value("AMQP_EXCHANGE", "auth.events".to_owned(), name);
        let queue = self.value("AMQP_QUEUE", "users.created".to_owned(), name);
        let uri: Result<AMQPUri, _> = self.given("AMQP_URL")?.parse();
        let Ok(mut uri) = uri else {
            self.faults
                .push("AMQP_URL: is not an address such as amqp://user:password@host:5672/".into());
            return None;
        };
        // As in other clients, an address that ends with a slash means the default virtual host.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(10);
        uri.query.connection_timeout.get_or_insert(5000);
        Some(AmqpSettings { uri, exchange, queue, confirm_timeout })
    }
}

/// The name of an exchange or a queue.
fn name(text: &str) -> Result<String, String> {
    if text.len() <= 255 { Ok(text.to_owned()) } else { Err("has more than 255 bytes".into()) }
}
