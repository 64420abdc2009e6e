//! Taking over what the old service left in this database: its accounts, and the events that it has
//! not sent. One transaction for all of it, under locks that keep writers out; a second run finds
//! nothing left to do.

mod accounts;
mod events;
mod tables;

use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnection, PgTransaction};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use super::{Postgres, PostgresSettings, migrate};
use crate::store::import::ImportReport;
use tables::OldTable;

/// Examples that are kept of each outcome.
const EXAMPLES: u32 = 20;
/// How long a connection may take to be made.
const ANSWER: Duration = Duration::from_secs(10);
/// How long we wait for those who write to the tables.
const LOCK: Duration = Duration::from_secs(5);

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
        limit(&mut transaction).await?;
        let old_tables = [Some(&old.accounts), old.events.as_ref()]
            .into_iter()
            .flatten()
            .map(OldTable::name)
            .collect::<Vec<_>>();
        lock(&mut transaction, &old_tables).await?;
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
/// called `auth`: where the old service uses it and does not name its schema, it would write into
/// our outbox from the first run on, also if that is a dry one.
async fn stays_in_sight(settings: &PostgresSettings, schema: &str) -> anyhow::Result<()> {
    let mut connection = timeout(ANSWER, settings.options.connect())
        .await
        .context("the database does not answer")??;
    let question =
        "SELECT 'auth' = ANY (string_to_array(replace(replace(current_setting('search_path'), '\"$user\"', current_user), ' ', ''), ',')),
                           quote_ident(current_user), quote_ident(current_database()), quote_ident($1)";
    let (hidden, role, database, schema): (bool, String, String, String) =
        sqlx::query_as(question).bind(schema).fetch_one(&mut connection).await?;
    connection.close().await?;
    anyhow::ensure!(
        !hidden,
        "the role {role} finds tables of the schema auth, which is this service's, before those of the old one. Nothing was done. Run this first, and again: \
         ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema}"
    );
    Ok(())
}

/// The old service's tables.
struct Old {
    accounts: OldTable,
    events: Option<OldTable>,
}

impl Old {
    async fn find(connection: &mut PgConnection, schema: &str) -> anyhow::Result<Self> {
        let accounts = OldTable::find(connection, schema, "auth_data").await?.with_context(|| {
            format!("there is no table {schema}.auth_data in this database (another schema: --schema; another database: DATABASE_URL)")
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

/// Waits for locks no longer than a while, and for its own statements as long as they take.
async fn limit(transaction: &mut PgTransaction<'_>) -> anyhow::Result<()> {
    let limits = format!(
        "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        LOCK.as_millis()
    );
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut **transaction).await?;
    Ok(())
}

/// Keeps writers out of these tables until the end: the old service, registrations, another import.
async fn lock(transaction: &mut PgTransaction<'_>, tables: &[&str]) -> anyhow::Result<()> {
    let statement =
        AssertSqlSafe(format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", ")));
    match sqlx::raw_sql(statement).execute(&mut **transaction).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
            anyhow::bail!(
                "somebody else writes to {} and did not stop within {LOCK:?}: stop the old service first. Nothing was written",
                tables.join(" or ")
            )
        }
        locked => locked.map(drop).context("the tables cannot be locked; nothing was written"),
    }
}

/// Connections that somebody else has to this database: the old service's, if it was forgotten.
async fn other_connections(connection: &mut PgConnection) -> anyhow::Result<i64> {
    let question = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
                       AND coalesce(application_name, '') NOT LIKE 'auth-host%'";
    Ok(sqlx::query_scalar(question).fetch_one(connection).await?)
}

/// Opens a cursor over a query that is made of checked names; [`next`] reads it.
async fn open_cursor(transaction: &mut PgTransaction<'_>, query: &str) -> anyhow::Result<()> {
    let statement = AssertSqlSafe(format!("DECLARE old_rows NO SCROLL CURSOR FOR {query}"));
    sqlx::raw_sql(statement)
        .execute(&mut **transaction)
        .await
        .context("the old table cannot be read")?;
    Ok(())
}

/// The next rows of the cursor; where there is none left, it is closed.
async fn next(
    transaction: &mut PgTransaction<'_>,
    most: u32,
) -> anyhow::Result<Vec<sqlx::postgres::PgRow>> {
    let fetch = AssertSqlSafe(format!("FETCH FORWARD {most} FROM old_rows"));
    let rows = sqlx::query(fetch)
        .persistent(false)
        .fetch_all(&mut **transaction)
        .await
        .context("the old table cannot be read")?;
    if rows.is_empty() {
        sqlx::raw_sql("CLOSE old_rows").execute(&mut **transaction).await?;
    }
    Ok(rows)
}
