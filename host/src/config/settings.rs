//! All settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::environment::environment;
use super::memory::{LEAST_POLICY_MEMORY, MOST_POLICY_MEMORY, policy_memory};
use super::reader::Reader;
use super::values::{between, duration, log_filter, number, yes_or_no};
use super::{AdminConfig, ConfigError, HttpConfig, SessionConfig};
use super::{outside, policies, trust};
use crate::lifecycle::ShutdownSettings;
use crate::outbox::{AmqpSettings, RelaySettings};
use crate::outgoing::OutgoingSettings;
use crate::passwords::HashSettings;
use crate::policy::admission::AdmissionSettings;
use crate::policy::judgement::JudgementSettings;
use crate::policy::releases::ReleaseSettings;
use crate::policy::trust::TrustSettings;
use crate::secrets::SecretSettings;
use crate::store::PostgresSettings;
use crate::telemetry::LogSettings;

/// All settings; each field names its variables and their defaults.
#[derive(Clone)]
pub struct Config {
    /// `ENV`: `local` makes and keeps its own secrets and logs for people; anything else, or
    /// nothing, is production.
    pub local: bool,
    pub http: HttpConfig,
    pub admin: AdminConfig,
    /// `HTTP_SERVER_SHUTDOWN_TIMEOUT`, default `5s`: how long requests in flight may take after a
    /// signal. `HTTP_SERVER_SHUTDOWN_DELAY`, default `0`: how long, after a signal, requests are
    /// still taken while `/readyz` says no. Load balancers need it.
    pub shutdown: ShutdownSettings,
    pub sessions: SessionConfig,
    /// `PASSWORD_HASH_THREADS`, default the number of processors; `PASSWORD_HASH_QUEUE`, default
    /// 64; `PASSWORD_HASH_MEMORY_KIB`, default 19456; `PASSWORD_HASH_ITERATIONS`, default 2.
    pub hashing: HashSettings,
    /// `DATA_DIR`, default `data`: the embedded database, the cache of compiled policies, the event
    /// file, local secrets.
    pub data_dir: PathBuf,
    /// `POLICY_DIR`, default `policies` in the data folder: `<slot>.wasm` and
    /// `<slot>.settings.json`.
    pub policy_dir: PathBuf,
    /// `POLICY_DIR_FOLLOW`, `true` or `false`, default `true` if `ENV=local`: whether each change
    /// in `POLICY_DIR` becomes a release and is activated. Else the folder fills an empty registry
    /// once.
    pub policy_dir_follow: bool,
    /// `POLICY_MEMORY_BYTES`, default a quarter of what the process may have: the memory of all
    /// policy calls together, with what the pool of instances keeps between them.
    pub policy_memory_bytes: usize,
    /// `POLICY_SHADOW_MEMORY_MIB`, default 48: the memory of all shadows together, beside that.
    pub policy_shadow_memory_mib: usize,
    /// `POLICY_ADMISSION_TIMEOUT`, default `2m`, `POLICY_ADMISSION_PROCESSOR_SECONDS`, default 60,
    /// and `POLICY_ADMISSION_MEMORY_MIB`, default 256: what checking and compiling one component
    /// may take.
    pub admission: AdmissionSettings,
    /// `REPLICA_NAME`, default the machine's name: what people call this replica. `POLICY_PIN`, a
    /// list such as `login/41` or the path of an exported release: what is served whatever the
    /// registry says. `POLICY_PROBATION`, default `10m`: how long a fresh release falls back by
    /// itself if it fails. `POLICY_DEPLOY_TIMEOUT`, default `5m`: how long replicas have to report.
    pub releases: ReleaseSettings,
    /// `POLICY_JUDGEMENT`, a list such as `faults > +0.1%, p99 off`: what a candidate or a fresh
    /// release may cost. `POLICY_JUDGEMENT_LEAST`, default 200: so many calls before one counts as
    /// good.
    pub judgement: JudgementSettings,
    /// `POLICY_TRUSTED_KEYS`, a file of keys that may sign; `POLICY_SIGNATURES`, default 1, or
    /// `login=2,register=1`: so many signatures of different keys a component needs;
    /// `POLICY_UNSIGNED`, `none`, `directory`, `push` or both, default both if `ENV=local`, else
    /// `none`: whence components are taken without.
    pub trust: TrustSettings,
    /// `POLICY_GRANT_ALL`, `true` or `false`, default `true` if `ENV=local`: whether a release may
    /// do whatever it asks for, within the bounds of the host, without a grant.
    pub grant_all: bool,
    /// `POLICY_SECRETS_DIR`: files of secrets; `POLICY_SECRET_<place>_<name>`: a secret.
    pub secrets: SecretSettings,
    /// `POLICY_HTTP_DNS`, default the system's: name servers for the hosts that policies ask;
    /// `POLICY_HTTP_ROOTS`, default the system's: a PEM file of authorities for their certificates.
    pub outgoing: OutgoingSettings,
    /// Settings of earlier versions that are set and do nothing any more.
    pub gone: Vec<&'static str>,
    /// `DATABASE_URL`, or `POSTGRES_HOST`, `POSTGRES_USER` and so on: PostgreSQL; without, the
    /// embedded database in `DATA_DIR`.
    pub postgres: Option<PostgresSettings>,
    /// `AMQP_URL` and so on: RabbitMQ; without, events go to a file in `DATA_DIR`.
    pub amqp: Option<AmqpSettings>,
    /// `OUTBOX_BATCH`, default 256: events published at once. `OUTBOX_MAX_ATTEMPTS`, default 10:
    /// after so many failures of its own an event is given up.
    pub relay: RelaySettings,
    /// `OUTBOX_RETENTION`, default `168h`: how long a published event is kept.
    pub outbox_retention: Duration,
    /// `LOG_LEVEL`, default `info`; `LOG_FORMAT`, `json` or `text`, default `text` if `ENV=local`,
    /// else `json`.
    pub log: LogSettings,
}

impl Config {
    /// Reads the settings from the environment and, if there is one, the file `.env` in the working
    /// folder.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_pairs(&environment()?)
    }

    /// The same for a command that works on the database alone: it signs nothing, and needs no
    /// secret to sign with.
    pub fn for_command() -> Result<Self, ConfigError> {
        Self::read(&environment()?, false)
    }

    /// Reads the settings from pairs of names and values; an empty value counts as unset.
    pub fn from_pairs(source: &HashMap<String, String>) -> Result<Self, ConfigError> {
        Self::read(source, true)
    }

    fn read(source: &HashMap<String, String>, signs: bool) -> Result<Self, ConfigError> {
        let mut read = Reader { source, faults: Vec::new() };
        let local = read.text("ENV", "") == "local";
        let data_dir = PathBuf::from(read.text("DATA_DIR", "data"));
        let policy_dir =
            read.given("POLICY_DIR").map_or_else(|| data_dir.join("policies"), PathBuf::from);
        let http = HttpConfig::read(&mut read);
        let config = Self {
            local,
            admin: AdminConfig::read(&mut read, local, http.address),
            shutdown: shutdown(&mut read),
            sessions: SessionConfig::read(&mut read, signs && !local),
            hashing: hashing(&mut read, http.timeout),
            http,
            data_dir,
            policy_dir,
            policy_dir_follow: read.value("POLICY_DIR_FOLLOW", local, yes_or_no),
            policy_memory_bytes: read.value(
                "POLICY_MEMORY_BYTES",
                policy_memory(),
                between(LEAST_POLICY_MEMORY, MOST_POLICY_MEMORY, number),
            ),
            policy_shadow_memory_mib: read.value(
                "POLICY_SHADOW_MEMORY_MIB",
                48,
                between(8, 64 * 1024, number),
            ),
            admission: admission(&mut read),
            releases: policies::releases(&mut read, local),
            judgement: read.judgement(),
            trust: trust::trust(&mut read, local),
            grant_all: read.value("POLICY_GRANT_ALL", local, yes_or_no),
            secrets: outside::secrets(&mut read, local),
            outgoing: outside::outgoing(&mut read),
            gone: read.gone(),
            postgres: read.postgres(),
            amqp: read.amqp(),
            relay: RelaySettings {
                batch: read.value("OUTBOX_BATCH", 256, between(1, 10_000, number)),
                max_attempts: read.value("OUTBOX_MAX_ATTEMPTS", 10, between(1, 1000, number)),
            },
            outbox_retention: read.value(
                "OUTBOX_RETENTION",
                Duration::from_hours(168),
                between(Duration::from_millis(1), Duration::from_hours(10 * 365 * 24), duration),
            ),
            log: log(&mut read, local),
        };
        if config.sessions.legacy_refresh_until.is_some() && config.postgres.is_none() {
            read.faults.push(
                "AUTH_LEGACY_REFRESH_UNTIL: needs PostgreSQL, where the old service's accounts \
                 were imported"
                    .into(),
            );
        }
        if read.faults.is_empty() { Ok(config) } else { Err(ConfigError(read.faults)) }
    }
}

fn shutdown(read: &mut Reader<'_>) -> ShutdownSettings {
    let seconds = Duration::from_secs;
    ShutdownSettings {
        timeout: read.value(
            "HTTP_SERVER_SHUTDOWN_TIMEOUT",
            seconds(5),
            between(Duration::from_millis(100), seconds(600), duration),
        ),
        delay: read.value(
            "HTTP_SERVER_SHUTDOWN_DELAY",
            Duration::ZERO,
            between(Duration::ZERO, seconds(600), duration),
        ),
    }
}

pub(super) fn admission(read: &mut Reader<'_>) -> AdmissionSettings {
    let seconds = Duration::from_secs;
    AdmissionSettings {
        program: AdmissionSettings::this_program(),
        time: read.value(
            "POLICY_ADMISSION_TIMEOUT",
            seconds(120),
            between(Duration::from_millis(100), seconds(3600), duration),
        ),
        processor_seconds: read.value(
            "POLICY_ADMISSION_PROCESSOR_SECONDS",
            60,
            between(1, 3600, number),
        ),
        memory_mib: read.value(
            "POLICY_ADMISSION_MEMORY_MIB",
            256,
            between(64, 1024 * 1024, number),
        ),
        stillness: seconds(1),
    }
}

fn hashing(read: &mut Reader<'_>, request_limit: Duration) -> HashSettings {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let memory = between(8, 4 * 1024 * 1024, number);
    HashSettings {
        threads: read.value("PASSWORD_HASH_THREADS", processors, between(1, 256, number)),
        queue: read.value("PASSWORD_HASH_QUEUE", 64, between(1, 100_000, number)),
        // A policy's call has three fifths of a request's time: what comes after the hash has room.
        patience: request_limit.mul_f64(0.4),
        memory_kib: read.value("PASSWORD_HASH_MEMORY_KIB", 19_456, memory),
        iterations: read.value("PASSWORD_HASH_ITERATIONS", 2, between(1, 100, number)),
    }
}

fn log(read: &mut Reader<'_>, local: bool) -> LogSettings {
    LogSettings {
        json: read.value("LOG_FORMAT", !local, |text| match text {
            "json" => Ok(true),
            "text" => Ok(false),
            _ => Err("must be json or text".into()),
        }),
        filter: read.value("LOG_LEVEL", "info".to_owned(), log_filter),
    }
}
