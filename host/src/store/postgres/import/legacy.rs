//! The import from its beginning to its end.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use super::tables::OldTable;
use super::{accounts, events, locks};
use crate::store::import::ImportReport;
use crate::store::postgres::database::{Postgres, PostgresSettings};
use crate::store::postgres::migrate;

/// How long a connection may take to be made.
const ANSWER: Duration = Duration::from_secs(10);

impl Postgres {
    /// Takes over `auth_data` and the unprocessed rows of `outbox` in that schema; `dry_run` does
    /// it all and rolls back.
    pub async fn import_legacy(
        settings: &PostgresSettings,
        schema: &str,
        dry_run: bool,
    ) -> anyhow::Result<ImportReport> {
        stays_in_sight(settings, schema).await?;
        migrate::run(&settings.options).await?;
        // It is known to be slow: nobody needs a warning in the log for each long statement.
        let options = settings
            .options
            .clone()
            .application_name("auth-host import")
            .disable_statement_logging();
        let mut connection =
            timeout(ANSWER, options.connect()).await.context("the database does not answer")??;
        let old = Old::find(&mut connection, schema).await?;
        let other_connections = other_connections(&mut connection).await?;
        let mut transaction = connection.begin().await?;
        locks::limit(&mut transaction).await?;
        let old_tables = [Some(&old.accounts), old.events.as_ref()]
            .into_iter()
            .flatten()
            .map(OldTable::name)
            .collect::<Vec<_>>();
        locks::hold(&mut transaction, &old_tables).await?;
        let accounts = accounts::take_over(&mut transaction, &old.accounts).await?;
        let bcrypt_costs = accounts::bcrypt_costs(&mut transaction).await?;
        let events = match &old.events {
            Some(table) => Some(events::take_over(&mut transaction, table).await?),
            None => None,
        };
        let last_id = accounts::last_id(&mut transaction, &old.accounts).await?;
        if dry_run {
            transaction.rollback().await?;
        } else {
            // Not undone by a rollback, so it comes last; a sequence that has run ahead does no
            // harm.
            accounts::go_on_after(&mut transaction, last_id).await?;
            transaction.commit().await.context(
                "nobody knows whether it was committed; run it again, that does no harm",
            )?;
        }
        connection.close().await?;
        Ok(ImportReport { accounts, events, bcrypt_costs, last_id, other_connections, dry_run })
    }
}

/// Refuses a role that would find the schema "auth" before the old service's, as one does that is
/// called `auth`: if the old service uses it and does not name its schema, it would write into
/// our outbox from the first run on, also if that is a dry one.
async fn stays_in_sight(settings: &PostgresSettings, schema: &str) -> anyhow::Result<()> {
    let mut connection = timeout(ANSWER, settings.options.connect())
        .await
        .context("the database does not answer")??;
    let question = "
        WITH visible AS (
            SELECT replace(current_setting('search_path'), '\"$user\"', current_user) AS schemas)
        SELECT 'auth' = ANY (string_to_array(replace(schemas, ' ', ''), ',')),
               quote_ident(current_user), quote_ident(current_database()), quote_ident($1)
          FROM visible";
    let (hidden, role, database, schema): (bool, String, String, String) =
        sqlx::query_as(question).bind(schema).fetch_one(&mut connection).await?;
    connection.close().await?;
    anyhow::ensure!(
        !hidden,
        "the role {role} finds tables of the schema auth, which is this service's, before those \
         of the old one. Nothing was done. Run this first, and again: \
         ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema}"
    );
    Ok(())
}

/// The tables that it left; nobody has to have the second.
struct Old {
    accounts: OldTable,
    events: Option<OldTable>,
}

impl Old {
    async fn find(connection: &mut PgConnection, schema: &str) -> anyhow::Result<Self> {
        let accounts =
            OldTable::find(connection, schema, "auth_data").await?.with_context(|| {
                format!(
                    "there is no table {schema}.auth_data in this database \
                 (another schema: --schema; another database: DATABASE_URL)"
                )
            })?;
        accounts.require(&["user_id", "email", "hash_pass"])?;
        let events = OldTable::find(connection, schema, "outbox").await?;
        if let Some(events) = &events {
            events.require(&[
                "id",
                "event_type",
                "payload",
                "processed",
                "processed_at",
                "created_at",
            ])?;
            events.require_type("processed", &["bool"])?;
            events.require_type("processed_at", &["timestamp", "timestamptz"])?;
        }
        Ok(Self { accounts, events })
    }
}

/// Connections that somebody else has to this database: the old service's, if it was forgotten.
async fn other_connections(connection: &mut PgConnection) -> anyhow::Result<i64> {
    let question = "
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
           AND coalesce(application_name, '') NOT LIKE 'auth-host%'";
    Ok(sqlx::query_scalar(question).fetch_one(connection).await?)
}
