//! The service as one value: what was built at start and lives until the end.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::capabilities::{PolicyMetrics, Services, StorageSizes};
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::decisions::Repeats;
use crate::keys::{self, Keys};
use crate::metrics::Metrics;
use crate::outbox::{FileSink, Link, Sink};
use crate::passwords::PasswordHasher;
use crate::policy::admission::Admission;
use crate::policy::cache::Cache;
use crate::policy::generations::{Generation, Generations};
use crate::store::{Postgres, Sqlite, Store};
use crate::telemetry::causes;
use crate::tokens::{AccessTokens, LegacyTokens};

/// The service.
pub struct App {
    /// Settings.
    pub config: Config,
    /// What capabilities work with.
    pub services: Arc<Services>,
    /// What serves in each slot.
    pub generations: Generations,
    /// How components get there.
    pub admission: Admission,
    /// Signs access tokens.
    pub access_tokens: AccessTokens,
    /// Reads refresh tokens of the old service, where they are taken.
    pub legacy_tokens: Option<LegacyTokens>,
    /// Where events go.
    pub sink: Sink,
    /// Wakes the relay after a commit.
    pub outbox_wake: Notify,
    /// Work that must end even if its client is gone.
    pub tasks: TaskTracker,
    /// Repeats of replaced refresh tokens.
    pub repeats: Repeats,
    /// When the stop has to be over; set once it has begun.
    pub stop_by: OnceLock<Instant>,
    /// Held while the service lives: one process owns the data folder.
    _lock: fs::File,
}

impl App {
    /// Opens the data folder and the database and builds everything that serves; no policy is
    /// loaded yet.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Arc<Self>> {
        let lock = open_data_folder(&config)?;
        let jwt_secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None => kept_secret(&config.data_dir.join("jwt-secret"))?,
        };
        let metrics = Arc::new(Metrics::new()?);
        let (store, clock) = open_database(&config, clock, &metrics).await?;
        let sink = match &config.amqp {
            Some(settings) => Sink::Rabbit(Arc::new(Link::new(settings.clone()))),
            None => Sink::File(FileSink::in_folder(&config.data_dir)),
        };
        let master_secret = match &config.master_secret {
            Some(secret) => zeroize::Zeroizing::new(secret.as_bytes().to_vec()),
            None => zeroize::Zeroizing::new(store.secret("master", &keys::random::<48>()).await?),
        };
        let keys = Keys::derive(&master_secret);
        let cache = Cache::open(config.data_dir.join("cache"), keys.policy_cache.clone())
            .context("the cache of compiled policies cannot be opened")?;
        let passwords = PasswordHasher::start(&config, &metrics)?;
        // Before the first request: else an imported account's failures would cost more than those
        // of others.
        passwords.expect_bcrypt(store.bcrypt_cost().await?);
        let services = Arc::new(Services {
            passwords,
            policy_metrics: PolicyMetrics::new(metrics.registry().clone()),
            storage_sizes: StorageSizes::default(),
            estimates: Arc::new(Semaphore::new((config.hash_threads / 2).max(1))),
            store,
            keys,
            clock,
            metrics,
        });
        Ok(Arc::new(Self {
            admission: Admission::new(cache, Arc::clone(&services))?,
            access_tokens: AccessTokens::new(&jwt_secret, config.access_token_ttl),
            legacy_tokens: legacy_tokens(&config, &jwt_secret, &services.clock),
            generations: Generations::default(),
            sink,
            outbox_wake: Notify::new(),
            tasks: TaskTracker::new(),
            repeats: Repeats::default(),
            stop_by: OnceLock::new(),
            config,
            services,
            _lock: lock,
        }))
    }

    /// Swaps a generation in; from now on new calls take it.
    pub fn activate(&self, generation: Arc<Generation>) {
        let identity = Arc::clone(&generation.identity);
        let labels = |identity: &crate::capabilities::Identity| {
            [
                identity.slot.as_str(),
                &identity.manifest.name,
                &identity.manifest.version,
                &identity.digest[..12],
                &identity.generation.to_string(),
            ]
            .map(str::to_owned)
        };
        let metrics = &self.services.metrics;
        metrics.policy_admissions.with_label_values(&[identity.slot.as_str(), "admitted"]).inc();
        metrics.policy_active.with_label_values(&labels(&identity)).set(1);
        if let Some(before) = self.generations.swap(generation) {
            // The series of a generation that serves no more would only grow in number.
            let _ = metrics
                .policy_active
                .remove_label_values(&labels(&before.identity).each_ref().map(String::as_str));
        }
        let (policy, version) = (&identity.manifest.name, &identity.manifest.version);
        tracing::info!(slot = %identity.slot, policy, version, digest = identity.digest, generation = identity.generation, "policy active");
    }

    /// Where the last admitted policies are kept, for a start that finds a refused one.
    pub fn last_good_folder(&self) -> std::path::PathBuf {
        self.config.data_dir.join("last-good")
    }

    /// How long a policy may take: well before the request's own limit, so that its 503 is seen.
    pub fn policy_wall_limit(&self) -> Duration {
        self.config.request_timeout.mul_f64(0.6)
    }

    /// How long a client has for a request's body: its 408 must come before our own 503.
    pub fn body_limit(&self) -> Duration {
        self.config.read_timeout.min(self.config.request_timeout.mul_f64(0.6))
    }

    /// How long a request may take: the caller gives up after `HTTP_SERVER_TIMEOUT`.
    pub fn request_limit(&self) -> Duration {
        self.config.request_timeout.mul_f64(0.8)
    }

    /// Why the service should get no requests now; empty where it should.
    pub async fn not_ready(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self
            .generations
            .empty()
            .iter()
            .map(|slot| format!("no policy serves in the slot {slot}"))
            .collect();
        if self.stop_by.get().is_some() {
            reasons.push("the service is stopping".into());
        }
        if let Err(error) = self.services.store.ping().await {
            tracing::error!(%error, "the database does not answer");
            reasons.push("the database does not answer".into());
        }
        reasons
    }
}

/// What reads refresh tokens of the old service, where the settings say that they are taken.
fn legacy_tokens(config: &Config, jwt_secret: &Secret, clock: &Clock) -> Option<LegacyTokens> {
    let until = config.legacy_refresh_until?;
    let seconds_left = (until - clock.now()) / 1000;
    if seconds_left > 0 {
        tracing::info!(seconds_left, "refresh tokens of the old service are taken");
    } else {
        tracing::warn!(
            "AUTH_LEGACY_REFRESH_UNTIL is past: no refresh token of the old service is taken. Unset it"
        );
    }
    Some(LegacyTokens::new(jwt_secret, until, config.refresh_token_ttl))
}

/// How long a start waits for a database that is away.
const START: Duration = Duration::from_secs(30);

/// Opens the database that the settings name; one that is starting, or not reachable yet, is waited
/// for.
async fn open_database(
    config: &Config,
    clock: Clock,
    metrics: &Metrics,
) -> anyhow::Result<(Store, Clock)> {
    let Some(settings) = &config.postgres else {
        let store = Sqlite::open(&config.data_dir.join("auth.sqlite"), clock.clone())
            .await
            .context("the database cannot be opened")?;
        return Ok((Store::Sqlite(store), clock));
    };
    // A test's own clock stays; the machine's gives way to the one that all replicas share.
    let clock = if matches!(clock, Clock::System) { Clock::database() } else { clock };
    let begun = std::time::Instant::now();
    loop {
        match Postgres::open(settings, clock.clone(), metrics.database.clone()).await {
            Ok(store) => return Ok((Store::Postgres(store), clock)),
            Err(error) if begun.elapsed() < START => {
                tracing::warn!(
                    error = causes(&error),
                    "the database cannot be opened yet; trying again"
                );
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error.context("the database cannot be opened")),
        }
    }
}

/// Makes the folder, checks who may write to it and to the policies, and locks it.
fn open_data_folder(config: &Config) -> anyhow::Result<fs::File> {
    let make = |folder: &Path, what: &str| {
        fs::create_dir_all(folder)
            .with_context(|| format!("{what}: the folder {} cannot be made", folder.display()))
    };
    make(&config.data_dir, "DATA_DIR")?;
    make(&config.policy_dir, "POLICY_DIR")?;
    if !config.local {
        writable_by_us_only(&config.data_dir, "DATA_DIR")?;
        writable_by_us_only(&config.policy_dir, "POLICY_DIR")?;
    }
    let file = config.data_dir.join("lock");
    let lock = fs::File::create(&file)
        .with_context(|| format!("DATA_DIR: {} cannot be made", file.display()))?;
    lock.try_lock().map_err(|_| {
        anyhow::anyhow!(
            "DATA_DIR: another auth-host runs on the folder {}",
            config.data_dir.display()
        )
    })?;
    Ok(lock)
}

fn writable_by_us_only(folder: &Path, name: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(folder)?.permissions().mode();
    anyhow::ensure!(
        mode & 0o022 == 0,
        "{name}: the folder {} may be written to by group or others; run: chmod go-w {}",
        folder.display(),
        folder.display()
    );
    Ok(())
}

/// A secret for `ENV=local`: made once, kept in a file that only we read.
fn kept_secret(file: &Path) -> anyhow::Result<Secret> {
    use base64::Engine as _;
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if !file.exists() {
        let secret = base64::engine::general_purpose::STANDARD.encode(keys::random::<48>());
        let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        new.write_all(secret.as_bytes())?;
        new.sync_all()?;
    }
    let secret = Secret::new(fs::read_to_string(file)?.trim().to_owned());
    anyhow::ensure!(
        secret.len() >= 32,
        "the secret in {} is too short; delete the file to have a new one made",
        file.display()
    );
    Ok(secret)
}
