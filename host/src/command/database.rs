//! The service's database, for commands that work on it.

use std::path::Path;

use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::Meter;
use crate::store::{DatabaseMetrics, Postgres, Sqlite, Store};

/// Opens it; a service may run on it meanwhile.
pub(super) async fn open(config: &Config) -> anyhow::Result<Store> {
    if let Some(settings) = &config.postgres {
        return Ok(Store::Postgres(
            Postgres::open(settings, Clock::database(), DatabaseMetrics::new(&Meter::new()?)?)
                .await?,
        ));
    }
    let file: &Path = &config.data_dir.join("auth.sqlite");
    anyhow::ensure!(
        file.exists(),
        "DATA_DIR: there is no database {}. It is made at the first start of the service",
        file.display()
    );
    Ok(Store::Sqlite(Sqlite::open(file, Clock::System).await?))
}
