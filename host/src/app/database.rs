//! Opening the database that the settings name.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::{DatabaseMetrics, Outage, Postgres, Sqlite, Store};
use crate::telemetry::causes;

/// How long a start waits for a database that is away.
const START: Duration = Duration::from_secs(30);

/// Opens the database that the settings name; one that is starting, or not reachable yet, is waited
/// for.
pub(super) async fn open(
    config: &Config,
    clock: Clock,
    metrics: DatabaseMetrics,
) -> anyhow::Result<(Store, Clock)> {
    let Some(settings) = &config.postgres else {
        let file = config.data_dir.join("auth.sqlite");
        let store =
            embedded(&file, clock.clone()).await.context("the database cannot be opened")?;
        return Ok((Store::Sqlite(store), clock));
    };
    // A test's own clock stays; the machine's gives way to the one that all replicas share.
    let clock = if matches!(clock, Clock::System) { Clock::database() } else { clock };
    let begun = std::time::Instant::now();
    loop {
        match Postgres::open(settings, clock.clone(), metrics.clone()).await {
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

/// Opens the embedded database and writes to it: what an operator has to mend ends the start, not
/// the first request. A disk that is only full, or a lock that another process holds, is waited for
/// as while serving.
async fn embedded(file: &Path, clock: Clock) -> anyhow::Result<Sqlite> {
    let store = Sqlite::open(file, clock).await.map_err(|error| match Outage::told_by(&error) {
        Some(outage) => error.context(outage.sentence()),
        None => error,
    })?;
    if let Err(error) = store.probe().await {
        match store.outage() {
            Some(outage @ (Outage::Full | Outage::Locked)) => {
                tracing::error!("{}", outage.sentence());
            }
            Some(outage) => return Err(anyhow::Error::from(error).context(outage.sentence())),
            None => return Err(error.into()),
        }
    }
    Ok(store)
}
