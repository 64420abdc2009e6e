//! How single parts are made from the settings.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::database;
use crate::capabilities::Services;
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::contract::{Limits, Slot};
use crate::decisions::{
    DecisionMetrics, DecisionParts, Decisions, ShadowMetrics, ShadowParts, Shadows,
};
use crate::housekeeping::{Cleaner, DatabaseWatch, WatchMetrics};
use crate::http::{HttpMetrics, Leftovers, Observing, Public, UnknownClients};
use crate::keys::{self, Keys};
use crate::metrics::Meter;
use crate::outbox::Sink;
use crate::outgoing::Outgoing;
use crate::passwords::{HashMetrics, HashSettings, PasswordHasher};
use crate::policy::admission::Admission;
use crate::policy::metrics::PolicyMetrics;
use crate::policy::releases::{FollowMetrics, Standing, ThisReplica};
use crate::policy::runtime::{Cache, Profile};
use crate::policy::serving::Generations;
use crate::policy::trust::{Gate, TrustMetrics, TrustedKeys};
use crate::secrets::Secrets;
use crate::shutdown::StopDeadline;
use crate::store::{DatabaseMetrics, Store};
use crate::telemetry;
use crate::tokens::{AccessTokens, LegacyTokens};
use crate::wake::Wake;

/// Turns of the login policy beyond those that may wait for a hash.
const SPARE_TURNS: usize = 8;

/// What counts, with what the log counts.
pub(super) fn meter() -> anyhow::Result<Meter> {
    let meter = Meter::new()?;
    telemetry::measure(&meter)?;
    Ok(meter)
}

/// The database, the hash threads, and what else capabilities work with.
pub(super) async fn services(
    config: &Config,
    clock: Clock,
    meter: &Meter,
    hash_metrics: &HashMetrics,
) -> anyhow::Result<Arc<Services>> {
    tell_of_gone(config);
    let (store, clock) = database::open(config, clock, DatabaseMetrics::new(meter)?).await?;
    let keys = keys(config, &store).await?;
    let passwords = PasswordHasher::start(&hashing(config), hash_metrics)?;
    // Before the first request: else an imported account's failures would cost more than those of
    // others.
    passwords.expect_bcrypt(store.bcrypt_cost().await?);
    let threads = config.hashing.threads;
    let places: Vec<_> = Slot::ALL.map(|slot| (slot.as_str(), requests_at_once(slot))).into();
    let outgoing = Outgoing::new(&config.outgoing, &places, meter)?;
    let secrets = Secrets::new(config.secrets.clone(), meter)?;
    secrets.check_folder()?;
    let outside = (outgoing, Arc::new(secrets));
    Ok(Arc::new(Services::new((store, clock), passwords, keys, outside, threads, meter)?))
}

/// Requests to other services hold a turn of their policy, too: with half of the turns, a slow
/// service leaves the other half to calls that go on without it.
fn requests_at_once(slot: Slot) -> usize {
    Limits::default().turns.get(slot) / 2
}

/// A login that waits for a hash holds a turn of its policy. Some turns stay for those that are on
/// their way there, or turned away there at once: else a flood would fill the turns, which are given
/// in the order of arrival, and the fair order of the places would be of no use.
fn hashing(config: &Config) -> HashSettings {
    let turns = *Limits::default().turns.get(Slot::Login);
    let places = turns.saturating_sub(config.hashing.threads + SPARE_TURNS).max(1);
    HashSettings { queue: config.hashing.queue.min(places), ..config.hashing.clone() }
}

/// What decides about registrations, logins and refreshes.
pub(super) fn decisions(
    config: &Config,
    jwt_secret: &Secret,
    (services, generations, shadows): (&Arc<Services>, &Arc<Generations>, &Arc<Shadows>),
    tasks: &TaskTracker,
    wake: &Wake,
    meter: &Meter,
) -> anyhow::Result<Decisions> {
    let lifetimes = config.sessions.lifetimes.clone();
    Ok(Decisions::new(DecisionParts {
        access_tokens: AccessTokens::new(jwt_secret, lifetimes.access_token),
        legacy_tokens: legacy_tokens(config, jwt_secret, &services.clock),
        services: Arc::clone(services),
        generations: Arc::clone(generations),
        lifetimes,
        rotations_per_minute: config.sessions.rotations_per_minute,
        caller_patience: config.http.timeout,
        request_limit: config.http.request_limit(),
        tasks: tasks.clone(),
        shadows: Arc::clone(shadows),
        wake: wake.clone(),
        metrics: DecisionMetrics::new(meter)?,
    }))
}

/// What lets candidates follow calls.
pub(super) fn shadows(
    config: &Config,
    services: &Arc<Services>,
    generations: &Arc<Generations>,
    meter: &Meter,
) -> anyhow::Result<Arc<Shadows>> {
    Ok(Arc::new(Shadows::new(ShadowParts {
        services: Arc::clone(services),
        generations: Arc::clone(generations),
        replica: config.releases.replica_name.clone(),
        metrics: ShadowMetrics::new(meter)?,
    })))
}

/// What every request passes.
pub(super) fn observing(
    config: &Config,
    services: &Services,
    meter: &Meter,
    metrics: HttpMetrics,
    (tasks, stopping): (&TaskTracker, &StopDeadline),
) -> anyhow::Result<Observing> {
    let time = config.http.limits.request;
    Ok(Observing {
        metrics,
        clock: services.clock.clone(),
        proxies: config.http.proxies.clone(),
        unknown_clients: Arc::new(UnknownClients::new(meter)?),
        leftovers: Leftovers::new(time, tasks.clone(), stopping.clone()),
        stopping: stopping.clone(),
        request_limit: config.http.request_limit(),
        quiet: Public::QUIET,
        folded: Public::FOLDED,
    })
}

/// How components get to serve: one profile for all of them today.
pub(super) fn admission(
    config: &Config,
    services: &Arc<Services>,
    metrics: PolicyMetrics,
) -> anyhow::Result<Admission> {
    let cache = Cache::open(config.data_dir.join("cache"), services.keys.policy_cache.clone())
        .context("the cache of compiled policies cannot be opened")?;
    let memory = (config.policy_memory_bytes, config.policy_shadow_memory_mib << 20);
    let profile = Profile::contract_only(Arc::new(Limits::default()), memory, metrics)?;
    Ok(Admission::new(Arc::new(profile), cache, config.admission.clone()))
}

/// What stands before every deployment. A file of keys with faults is a start refused.
pub(super) fn gate(config: &Config, services: &Services, meter: &Meter) -> anyhow::Result<Gate> {
    let keys =
        TrustedKeys::open(config.trust.clone(), TrustMetrics::new(meter)?, services.clock.now())
            .map_err(|faults| anyhow::anyhow!("POLICY_TRUSTED_KEYS: {}", faults.join("; ")))?;
    Ok(Gate::new(services.store.clone(), keys, config.grant_all))
}

/// How this replica stands to the registry: not at all, yet.
pub(super) fn standing(
    config: &Config,
    clock: &Clock,
    meter: &Meter,
) -> anyhow::Result<Arc<Standing>> {
    let replica = ThisReplica::new(config.releases.replica_name.clone(), clock.now());
    Ok(Arc::new(Standing::new(replica, FollowMetrics::new(meter)?)))
}

/// Where events go.
pub(super) fn sink(config: &Config) -> Sink {
    match &config.amqp {
        Some(settings) => Sink::rabbit(settings.clone()),
        None => Sink::file(&config.data_dir),
    }
}

/// What deletes what has expired.
pub(super) fn cleaner(config: &Config, services: &Services) -> Cleaner {
    Cleaner {
        store: services.store.clone(),
        passwords: services.passwords.clone(),
        storage_sizes: services.storage_sizes.clone(),
        outbox_retention: config.outbox_retention,
        releases_kept: config.admin.releases_kept,
    }
}

/// What looks after the database.
pub(super) fn watch(services: &Services, meter: &Meter) -> anyhow::Result<DatabaseWatch> {
    Ok(DatabaseWatch { store: services.store.clone(), metrics: WatchMetrics::new(meter)? })
}

/// Says which settings do nothing any more.
fn tell_of_gone(config: &Config) {
    for setting in &config.gone {
        tracing::warn!(
            setting,
            "it does nothing any more: what a release may cost is said by POLICY_JUDGEMENT; \
             remove it"
        );
    }
}

/// What sets the metrics that are only looked at when somebody asks.
pub(super) fn measure(
    services: &Arc<Services>,
    hash_metrics: HashMetrics,
    gate: &Arc<Gate>,
) -> Box<dyn Fn() + Send + Sync> {
    let (services, gate) = (Arc::clone(services), Arc::clone(gate));
    Box::new(move || {
        hash_metrics.queued.set(i64::try_from(services.passwords.waiting()).unwrap_or(i64::MAX));
        services.store.measure();
        services.outgoing.measure();
        gate.measure();
    })
}

/// The keys that follow from the master secret.
async fn keys(config: &Config, store: &Store) -> anyhow::Result<Keys> {
    let master_secret = match &config.sessions.master_secret {
        Some(secret) => Zeroizing::new(secret.as_bytes().to_vec()),
        None => Zeroizing::new(store.secret("master", &keys::random::<48>()).await?),
    };
    Ok(Keys::derive(&master_secret))
}

/// What reads refresh tokens of the old service, if the settings say that they are taken.
fn legacy_tokens(config: &Config, jwt_secret: &Secret, clock: &Clock) -> Option<LegacyTokens> {
    let until = config.sessions.legacy_refresh_until?;
    let seconds_left = (until - clock.now()) / 1000;
    if seconds_left > 0 {
        tracing::info!(seconds_left, "refresh tokens of the old service are taken");
    } else {
        tracing::warn!(
            "AUTH_LEGACY_REFRESH_UNTIL is past: no refresh token of the old service is taken. \
             Unset it"
        );
    }
    let lifetime = config.sessions.lifetimes.refresh_token;
    Some(LegacyTokens::new(jwt_secret, until, lifetime))
}
