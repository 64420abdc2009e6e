//! Settings, from the environment or a `.env` file (the environment wins). Every wrong value is
//! reported at start, all at once.

mod services;
mod values;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::outbox::AmqpSettings;
use crate::store::PostgresSettings;
use values::{address, between, duration, end_of, log_filter, networks, number};

/// The example secret of `.env.example`: refused, because everybody knows it.
const EXAMPLE_SECRET_MARK: &str = "change-me";

/// A secret from the environment; wiped when dropped, and never printed.
pub type Secret = Zeroizing<String>;

/// All settings; each field names its variable and default.
#[derive(Clone)]
pub struct Config {
    /// `ENV`: `local` makes and keeps its own secrets and logs for people; anything else, or
    /// nothing, is production.
    pub local: bool,
    /// `HTTP_SERVER_ADDRESS`, default `127.0.0.1:7971`.
    pub address: SocketAddr,
    /// `HTTP_SERVER_TIMEOUT`, default `5s`: when the caller gives up. Our own work ends at four
    /// fifths of it.
    pub request_timeout: Duration,
    /// `HTTP_SERVER_SHUTDOWN_TIMEOUT`, default `5s`: how long requests in flight may take after a
    /// signal.
    pub shutdown_timeout: Duration,
    /// `HTTP_SERVER_SHUTDOWN_DELAY`, default `0`: how long, after a signal, requests are still
    /// taken while `/readyz` says no. Load balancers need it.
    pub shutdown_delay: Duration,
    /// `HTTP_SERVER_READ_TIMEOUT`, default `5s`: the time a client has for the head and the body of
    /// a request.
    pub read_timeout: Duration,
    /// `HTTP_SERVER_WRITE_TIMEOUT`, default `10s`: the time a client has to take the answer.
    pub write_timeout: Duration,
    /// `HTTP_SERVER_IDLE_TIMEOUT`, default `75s`: how long a connection is kept without a request.
    /// Callers keep theirs for 60 s.
    pub idle_timeout: Duration,
    /// `HTTP_SERVER_MAX_CONNECTIONS`, default 4096.
    pub max_connections: usize,
    /// `HTTP_TRUSTED_PROXIES`, default none: networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// `HTTP_TRUSTED_PROXY_HOPS`, default 1: the client is that many entries from the right of
    /// `X-Forwarded-For`.
    pub trusted_proxy_hops: usize,
    /// `AUTH_JWT_SECRET`: at least 32 bytes; what the gateway checks access tokens with. Made once
    /// and kept where `ENV=local`.
    pub jwt_secret: Option<Secret>,
    /// `AUTH_MASTER_SECRET`: at least 32 bytes; keys for everything else are derived from it.
    /// Unset: one random value in the database.
    pub master_secret: Option<Secret>,
    /// `AUTH_ACCESS_TOKEN_TTL`, default `30m`.
    pub access_token_ttl: Duration,
    /// `AUTH_REFRESH_TOKEN_TTL`, default `168h`.
    pub refresh_token_ttl: Duration,
    /// `AUTH_REFRESH_GRACE_PERIOD`, default `10s`: how long a replaced refresh token gets the same
    /// answer again; `0` turns it off.
    pub refresh_grace_period: Duration,
    /// `AUTH_SESSION_MAX_LIFETIME`, default `2160h`: after that a session ends, refreshed or not.
    pub session_lifetime: Duration,
    /// `AUTH_LEGACY_REFRESH_UNTIL`, default never: until then refresh tokens of the old service are
    /// taken, each once. A day, to its end (UTC), or an RFC 3339 moment.
    pub legacy_refresh_until: Option<Timestamp>,
    /// `PASSWORD_HASH_THREADS`, default the number of processors.
    pub hash_threads: usize,
    /// `PASSWORD_HASH_QUEUE`, default 64: hashes that may wait for a thread; beyond, the answer is
    /// 503.
    pub hash_queue: usize,
    /// `PASSWORD_HASH_MEMORY_KIB`, default 19456 (argon2id `m`).
    pub hash_memory_kib: u32,
    /// `PASSWORD_HASH_ITERATIONS`, default 2 (argon2id `t`).
    pub hash_iterations: u32,
    /// `DATA_DIR`, default `data`: the embedded database, the cache of compiled policies, the event
    /// file, local secrets.
    pub data_dir: PathBuf,
    /// `POLICY_DIR`, default `policies` in the data folder: `<slot>.wasm` and
    /// `<slot>.settings.json`.
    pub policy_dir: PathBuf,
    /// `DATABASE_URL`, or `POSTGRES_HOST`, `POSTGRES_USER` and so on: PostgreSQL; without, the
    /// embedded database in `DATA_DIR`.
    pub postgres: Option<PostgresSettings>,
    /// `AMQP_URL` and so on: RabbitMQ; without, events go to a file in `DATA_DIR`.
    pub amqp: Option<AmqpSettings>,
    /// `OUTBOX_RETENTION`, default `168h`: how long a published event is kept.
    pub outbox_retention: Duration,
    /// `OUTBOX_BATCH`, default 256: events published at once.
    pub outbox_batch: u32,
    /// `OUTBOX_MAX_ATTEMPTS`, default 10: after so many failures of its own an event is given up.
    pub outbox_max_attempts: u32,
    /// `LOG_LEVEL`, default `info`: a filter in the syntax of `RUST_LOG`.
    pub log_level: String,
    /// `LOG_FORMAT`, `json` or `text`; default `text` where `ENV=local`, else `json`.
    pub log_json: bool,
}

/// A duration as Go writes it (`30m`, `1h30m`), for arguments of commands.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text)
}

/// What is wrong with the settings, a line a variable.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the settings from the environment and, where there is one, the file `.env` in the
    /// working folder.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_pairs(&environment()?)
    }

    /// The same for a command that works on the database alone: it signs nothing, and needs no
    /// secret to sign with.
    pub fn for_command() -> Result<Self, ConfigError> {
        Self::read(&environment()?, false)
    }

    /// How long a batch may wait for its confirms.
    pub fn confirm_timeout(&self) -> Duration {
        self.amqp.as_ref().map_or(Duration::ZERO, |amqp| amqp.confirm_timeout)
    }

    /// Reads the settings from pairs of names and values; an empty value counts as unset.
    pub fn from_pairs(source: &HashMap<String, String>) -> Result<Self, ConfigError> {
        Self::read(source, true)
    }

    fn read(source: &HashMap<String, String>, signs: bool) -> Result<Self, ConfigError> {
        let mut read = Reader { source, faults: Vec::new() };
        let seconds = Duration::from_secs;
        let local = read.text("ENV", "") == "local";
        let data_dir = PathBuf::from(read.text("DATA_DIR", "data"));
        let policy_dir =
            read.given("POLICY_DIR").map_or_else(|| data_dir.join("policies"), PathBuf::from);
        let positive = between(Duration::from_millis(1), seconds(10 * 365 * 86_400), duration);
        let timeout = between(Duration::from_millis(100), seconds(600), duration);
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let log_format = read.value("LOG_FORMAT", !local, |text| match text {
            "json" => Ok(true),
            "text" => Ok(false),
            _ => Err("must be json or text".into()),
        });
        let config = Self {
            local,
            address: read.value(
                "HTTP_SERVER_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 7971)),
                address,
            ),
            request_timeout: read.value("HTTP_SERVER_TIMEOUT", seconds(5), &timeout),
            shutdown_timeout: read.value("HTTP_SERVER_SHUTDOWN_TIMEOUT", seconds(5), &timeout),
            shutdown_delay: read.value(
                "HTTP_SERVER_SHUTDOWN_DELAY",
                Duration::ZERO,
                between(Duration::ZERO, seconds(600), duration),
            ),
            read_timeout: read.value("HTTP_SERVER_READ_TIMEOUT", seconds(5), &timeout),
            write_timeout: read.value("HTTP_SERVER_WRITE_TIMEOUT", seconds(10), &timeout),
            idle_timeout: read.value("HTTP_SERVER_IDLE_TIMEOUT", seconds(75), &timeout),
            max_connections: read.value(
                "HTTP_SERVER_MAX_CONNECTIONS",
                4096,
                between(1, 1_000_000, number),
            ),
            trusted_proxies: read.value("HTTP_TRUSTED_PROXIES", Vec::new(), networks),
            trusted_proxy_hops: read.value("HTTP_TRUSTED_PROXY_HOPS", 1, between(1, 16, number)),
            jwt_secret: read.secret("AUTH_JWT_SECRET", signs && !local),
            master_secret: read.secret("AUTH_MASTER_SECRET", false),
            access_token_ttl: read.value(
                "AUTH_ACCESS_TOKEN_TTL",
                seconds(30 * 60),
                between(seconds(1), seconds(86_400), duration),
            ),
            refresh_token_ttl: read.value(
                "AUTH_REFRESH_TOKEN_TTL",
                seconds(168 * 3600),
                between(seconds(1), seconds(366 * 86_400), duration),
            ),
            refresh_grace_period: read.value(
                "AUTH_REFRESH_GRACE_PERIOD",
                seconds(10),
                between(Duration::ZERO, seconds(300), duration),
            ),
            session_lifetime: read.value(
                "AUTH_SESSION_MAX_LIFETIME",
                seconds(2160 * 3600),
                &positive,
            ),
            legacy_refresh_until: read
                .value("AUTH_LEGACY_REFRESH_UNTIL", None, |text| end_of(text).map(Some)),
            hash_threads: read.value("PASSWORD_HASH_THREADS", processors, between(1, 256, number)),
            hash_queue: read.value("PASSWORD_HASH_QUEUE", 64, between(1, 100_000, number)),
            hash_memory_kib: read.value(
                "PASSWORD_HASH_MEMORY_KIB",
                19_456,
                between(8, 4 * 1024 * 1024, number),
            ),
            hash_iterations: read.value("PASSWORD_HASH_ITERATIONS", 2, between(1, 100, number)),
            data_dir,
            policy_dir,
            postgres: read.postgres(),
            amqp: read.amqp(),
            outbox_batch: read.value("OUTBOX_BATCH", 256, between(1, 10_000, number)),
            outbox_max_attempts: read.value("OUTBOX_MAX_ATTEMPTS", 10, between(1, 1000, number)),
            outbox_retention: read.value("OUTBOX_RETENTION", seconds(168 * 3600), &positive),
            log_level: read.value("LOG_LEVEL", "info".to_owned(), log_filter),
            log_json: log_format,
        };
        if config.legacy_refresh_until.is_some() && config.postgres.is_none() {
            read.faults.push("AUTH_LEGACY_REFRESH_UNTIL: needs PostgreSQL, where the old service's accounts were imported".into());
        }
        if read.faults.is_empty() { Ok(config) } else { Err(ConfigError(read.faults)) }
    }
}

/// The environment, and `.env` for what it does not say.
fn environment() -> Result<HashMap<String, String>, ConfigError> {
    let mut source = HashMap::new();
    match dotenvy::from_path_iter(".env") {
        Ok(file) => {
            for pair in file {
                let (name, value) = pair.map_err(|_| {
                    ConfigError(vec![".env: a line is not of the form NAME=value".into()])
                })?;
                source.insert(name, value);
            }
        }
        Err(error) if error.not_found() => {}
        // Settings that are there and cannot be read are not left out in silence.
        Err(error) => return Err(ConfigError(vec![format!(".env: {error}")])),
    }
    source.extend(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    );
    Ok(source)
}

/// Reads one variable after the other and collects what is wrong with them.
struct Reader<'a> {
    source: &'a HashMap<String, String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn given(&self, name: &str) -> Option<&str> {
        self.source.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str, default: &str) -> String {
        self.given(name).unwrap_or(default).to_owned()
    }

    fn value<T>(&mut self, name: &str, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        match self
            .given(name)
            .map(|text| parse(text).map_err(|fault| format!("{name}: {text:?} {fault}")))
        {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(fault)) => {
                self.faults.push(fault);
                default
            }
        }
    }

    /// The value is never repeated in a fault.
    fn secret(&mut self, name: &str, required: bool) -> Option<Secret> {
        let given = self.given(name).map(|value| Secret::new(value.to_owned()));
        match given.as_deref() {
            None if required => self.faults.push(format!(
                "{name}: is not set. Set it to the secret that the gateway checks access tokens with, at least 32 bytes \
                 (for a new one: openssl rand -base64 48). With ENV=local one is made and kept for you"
            )),
            Some(value) if value.len() < 32 => self
                .faults
                .push(format!("{name}: has {} bytes, at least 32 are needed (for a new one: openssl rand -base64 48)", value.len())),
            Some(value) if value.contains(EXAMPLE_SECRET_MARK) => {
                self.faults.push(format!("{name}: is the example of .env.example. Set one of your own (openssl rand -base64 48)"));
            }
            _ => return given,
        }
        None
    }
}
