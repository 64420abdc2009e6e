//! The cleaner: once a minute it deletes what has expired, and measures what policies keep; once an
//! hour it deletes old releases of policies, and forgets their trials.
//! Replicas may clean at the same time: the store sees to it that they leave one another's rows
//! alone. Beside it, once a second, the watch looks whether the database takes what requests ask.

use std::time::Duration;

use prometheus::{IntGauge, IntGaugeVec};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::capabilities::StorageSizes;
use crate::clock::milliseconds;
use crate::metrics::{Meter, MeterError};
use crate::passwords::PasswordHasher;
use crate::store::registry::{Change, Pruned};
use crate::store::{Outage, Store, StoreError};

const EVERY: Duration = Duration::from_mins(1);
/// How often old releases are deleted.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// What is younger is never deleted by the cleaner: somebody may be about to use it.
const PRUNE_FROM: Duration = Duration::from_hours(24);
/// A trial of a release is forgotten so long after its end, and a sample of one that goes on.
const TRIALS_KEPT: Duration = Duration::from_hours(7 * 24);
/// The service goes on by itself within that time after an outage.
const LOOK: Duration = Duration::from_secs(1);

/// All that the cleaner works with.
#[derive(Clone)]
pub struct Cleaner {
    /// Whose expired rows it deletes.
    pub store: Store,
    /// Told whether bcrypt hashes are left: until then each failed login costs one.
    pub passwords: PasswordHasher,
    /// Where it writes down how much policies keep.
    pub storage_sizes: StorageSizes,
    /// How long a published event is kept.
    pub outbox_retention: Duration,
    /// How many releases of each place are kept beside those that are in use.
    pub releases_kept: u32,
}

impl Cleaner {
    /// Cleans once a minute until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut pruned: Option<Instant> = None;
        while !stop.is_cancelled() {
            if pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
                pruned = Some(Instant::now());
                if let Err(error) = self.prune_once().await {
                    tracing::error!(
                        %error,
                        "old releases could not be deleted; the next try is in an hour"
                    );
                }
            }
            if let Err(error) = self.clean_once().await {
                tracing::error!(
                    %error,
                    "expired rows could not be deleted; the next try is in a minute"
                );
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        }
    }

    /// Deletes releases beyond those that are kept, and components that no release names, and
    /// forgets trials.
    pub async fn prune_once(&self) -> Result<Pruned, StoreError> {
        let change = Change {
            who: "auth-host".to_owned(),
            why: format!("POLICY_RELEASES_KEPT is {}", self.releases_kept),
            details: "{}".to_owned(),
        };
        let now = self.store.clock().now();
        while self.store.rollouts_forget(now - milliseconds(TRIALS_KEPT)).await? > 0 {
            tokio::task::yield_now().await;
        }
        let before = now - milliseconds(PRUNE_FROM);
        let pruned = self.store.registry_prune(self.releases_kept, before, &change).await?;
        if pruned != Pruned::default() {
            let Pruned { releases, components, bytes } = pruned;
            tracing::info!(releases, components, bytes, "old releases were deleted");
        }
        Ok(pruned)
    }

    /// Reads the database's clock, looks for bcrypt hashes, and deletes all that has expired by
    /// now.
    pub async fn clean_once(&self) -> Result<(), StoreError> {
        self.store.set_clock().await?;
        self.passwords.expect_bcrypt(self.store.bcrypt_cost().await?);
        let cleaned = loop {
            match self.store.clean(self.outbox_retention).await {
                Ok(0) => break Ok(()),
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break Err(error),
            }
        };
        self.storage_sizes.measure(&self.store).await?;
        cleaned
    }
}

/// What looks after the database.
#[derive(Clone)]
pub struct DatabaseWatch {
    pub store: Store,
    pub metrics: WatchMetrics,
}

/// How the database was when it was last looked at.
#[derive(Clone)]
pub struct WatchMetrics {
    /// Whether it takes what requests ask of it.
    up: IntGauge,
    /// Why it does not: 1 for the reason.
    outage: IntGaugeVec,
}

impl WatchMetrics {
    /// Registers them, with each reason at 0.
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let metrics = Self {
            up: meter.gauge(
                "auth_database_up",
                "Whether the database took what requests ask of it when it was last looked at.",
            )?,
            outage: meter.gauges(
                "auth_database_outage",
                "Why the database serves no requests: 1 for the reason.",
                &["reason"],
            )?,
        };
        metrics.set(None);
        Ok(metrics)
    }

    fn set(&self, outage: Option<Outage>) {
        self.up.set(i64::from(outage.is_none()));
        for reason in Outage::ALL {
            let is_it = outage == Some(reason);
            self.outage.with_label_values(&[reason.as_str()]).set(i64::from(is_it));
        }
    }
}

impl DatabaseWatch {
    /// Looks once a second until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut seen = None;
        while !stop.is_cancelled() {
            let outage = self.store.look().await;
            self.metrics.set(outage);
            // Once: the same line every second would hide the others.
            if outage != seen {
                if let Some(outage) = outage {
                    tracing::error!(
                        outage = outage.as_str(),
                        "{}; requests that need it are answered 503",
                        outage.sentence()
                    );
                } else {
                    tracing::info!("the database serves again");
                }
                seen = outage;
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
        }
    }
}
