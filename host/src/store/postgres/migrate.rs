//! The schema. Replicas that start at once wait for one another: sqlx holds an advisory lock while it migrates.

use anyhow::Context as _;
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

const TABLE: &str = "auth._sqlx_migrations";

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations/postgres");
    migrator.dangerous_set_table_name(TABLE);
    migrator.create_schema("auth");
    // A newer replica may have migrated already: migrations let old and new ones run side by side.
    migrator.set_ignore_missing(true);
    migrator
}

/// Applies what is missing. Where nothing is, it only reads: the service may run as a user that cannot change the schema.
pub(super) async fn run(options: &PgConnectOptions) -> anyhow::Result<()> {
    let mut connection = options.clone().application_name("auth-host migrate").connect().await?;
    let migrator = migrator();
    if !is_current(&mut connection, &migrator).await? {
        migrator.run_direct(None, &mut connection, false).await.context("the database cannot be migrated")?;
        tracing::info!("the database's schema is up to date");
    }
    connection.close().await?;
    Ok(())
}

async fn is_current(connection: &mut PgConnection, migrator: &Migrator) -> anyhow::Result<bool> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(TABLE).fetch_one(&mut *connection).await?;
    if !there {
        return Ok(false);
    }
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(migrator.iter().all(|wanted| applied.iter().any(|done| done.version == wanted.version && done.checksum == wanted.checksum)))
}
