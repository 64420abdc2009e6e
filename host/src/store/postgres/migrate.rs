//! The schema. Replicas that start at once wait for one another: sqlx holds an advisory lock while
//! it migrates.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use crate::store::migrations::migrator;

/// Connecting, and a look at what is there.
const ANSWER: Duration = Duration::from_secs(10);
/// Migrating, with the wait for replicas that do the same.
const TURN: Duration = Duration::from_mins(5);

const TABLE: &str = "auth._sqlx_migrations";

fn all() -> Migrator {
    let mut migrator = migrator!(
        "postgres": "0001_first.sql", "0002_imported_accounts.sql", "0003_policy_registry.sql",
        "0004_policy_rollouts.sql", "0005_policy_trust.sql"
    );
    migrator.dangerous_set_table_name(TABLE);
    // A newer replica may have migrated already: migrations let old and new ones run side by side.
    migrator.set_ignore_missing(true);
    migrator
}

/// Applies what is missing. If nothing is, it only reads: the service may run as a user that
/// cannot change the schema.
pub(super) async fn run(options: &PgConnectOptions) -> anyhow::Result<()> {
    let options = options.clone().application_name("auth-host migrate");
    let mut connection =
        timeout(ANSWER, options.connect()).await.context("the database does not answer")??;
    let mut migrator = all();
    if !timeout(ANSWER, is_current(&mut connection, &migrator))
        .await
        .context("the database does not answer")??
    {
        // Its owner may be allowed to change it, and not to make one.
        let is_there = "SELECT to_regnamespace('auth') IS NOT NULL";
        if !sqlx::query_scalar::<_, bool>(is_there).fetch_one(&mut connection).await? {
            migrator.create_schema("auth");
        }
        let migrated = timeout(TURN, migrator.run_direct(None, &mut connection, false)).await;
        let nobody = "another replica migrates the database, or the database does not answer";
        migrated
            .with_context(|| format!("within {TURN:?} it was not migrated: {nobody}"))?
            .context("the database cannot be migrated")?;
        tracing::info!("the database's schema is up to date");
    }
    // The connection is ours alone: there is nobody to wait for.
    let _ = timeout(ANSWER, connection.close()).await;
    Ok(())
}

async fn is_current(connection: &mut PgConnection, migrator: &Migrator) -> anyhow::Result<bool> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(TABLE)
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(false);
    }
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(migrator.iter().all(|wanted| {
        applied
            .iter()
            .any(|done| done.version == wanted.version && done.checksum == wanted.checksum)
    }))
}

#[cfg(test)]
mod tests {
    use crate::store::migrations::tests::are_as_released;

    #[test]
    fn databases_that_were_migrated_by_earlier_versions_are_accepted() {
        let first = "bbd25bfdd58f10d5a4aae932af198383f0d4758660aaeda1f658f2f6eadf18ab\
                     d83ede59e3e847da6fd2c6e049a6feb8";
        let imported = "8ce68318bfcad3cf7afdc2cb63db7ba1f39968b0d717045521d0279bc5e45eff\
                        3ee1bd4281d1721c1c40747072dd2fb5";
        let registry = "b3d77f49e34fc566b88dec594848f0ac3a9518b120f554bfef971e701c08c52e\
                        29580fa2e262bf896f4e2c6ed3503f91";
        let rollouts = "8400ad7328635683ff2356bf088865e800ccbcab82e34afdeb4c013fc094f2a7\
                        b0ec05ba79274a0e3e7f4efba83c8b99";
        let trust = "ecbda8f492af45ddf870755bfe5418c63e83435f7ed191f5482265247198c6f3\
                     2d0a95b764d8e2dc06804bbf4782b071";
        are_as_released(
            &super::all(),
            "postgres",
            &[
                (1, "first", first),
                (2, "imported accounts", imported),
                (3, "policy registry", registry),
                (4, "policy rollouts", rollouts),
                (5, "policy trust", trust),
            ],
        );
    }
}
