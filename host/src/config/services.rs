//! The settings of the services that we use: PostgreSQL and RabbitMQ. A fault never repeats an address: it may hold a password.

use std::time::Duration;

use lapin::uri::AMQPUri;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Reader;
use super::values::{between, duration, number};
use crate::outbox::AmqpSettings;
use crate::store::PostgresSettings;

const POSTGRES: [&str; 7] =
    ["POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_SSLMODE", "POSTGRES_SSLROOTCERT"];

impl Reader<'_> {
    /// PostgreSQL, where `DATABASE_URL` or one of `POSTGRES_*` is set; `DATABASE_URL` wins.
    pub(super) fn postgres(&mut self) -> Option<PostgresSettings> {
        let limit = between(Duration::from_millis(100), Duration::from_mins(1), duration);
        let max_connections = self.value("DATABASE_MAX_CONNECTIONS", 16, between(1, 1000, number));
        let statement_timeout = self.value("DATABASE_STATEMENT_TIMEOUT", Duration::from_secs(2), limit);
        let options = match self.given("DATABASE_URL").map(str::to_owned) {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => url.parse().ok(),
            Some(_) => None,
            None => return self.postgres_by_parts().map(|options| PostgresSettings { options, max_connections, statement_timeout }),
        };
        if options.is_none() {
            self.faults.push("DATABASE_URL: is not an address such as postgres://user:password@host:5432/database?sslmode=require".into());
        }
        options.map(|options| PostgresSettings { options, max_connections, statement_timeout })
    }

    fn postgres_by_parts(&mut self) -> Option<PgConnectOptions> {
        if POSTGRES.iter().all(|name| self.given(name).is_none()) {
            return None;
        }
        for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB"] {
            if self.given(name).is_none() {
                self.faults.push(format!(
                    "{name}: is not set, but others of POSTGRES_* are. Unset all of them to use the embedded database in DATA_DIR"
                ));
            }
        }
        let port = self.value("POSTGRES_PORT", 5432, between(1, u16::MAX, number));
        let mode = self.value("POSTGRES_SSLMODE", PgSslMode::Prefer, |text| {
            text.parse().map_err(|_| "is not one of disable, prefer, require, verify-ca, verify-full".into())
        });
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

    /// RabbitMQ, where `AMQP_URL` is set.
    pub(super) fn amqp(&mut self) -> Option<AmqpSettings> {
        let limit = between(Duration::from_millis(100), Duration::from_mins(1), duration);
        let confirm_timeout = self.value("AMQP_CONFIRM_TIMEOUT", Duration::from_secs(5), limit);
        let exchange = self.value("AMQP_EXCHANGE", "auth.events".to_owned(), name);
        let queue = self.value("AMQP_QUEUE", "users.created".to_owned(), name);
        let uri: Result<AMQPUri, _> = self.given("AMQP_URL")?.parse();
        let Ok(mut uri) = uri else {
            self.faults.push("AMQP_URL: is not an address such as amqp://user:password@host:5672/".into());
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
