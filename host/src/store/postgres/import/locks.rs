//! What an import waits for, and who waits for it.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgTransaction;

/// How long we wait for those who write to the tables.
const LOCK: Duration = Duration::from_secs(5);

/// Waits for locks no longer than a while, and for its own statements as long as they take.
pub(super) async fn limit(transaction: &mut PgTransaction<'_>) -> anyhow::Result<()> {
    let limits = format!(
        "SET LOCAL lock_timeout = {};
         SET LOCAL statement_timeout = 0;
         SET LOCAL idle_in_transaction_session_timeout = 0",
        LOCK.as_millis()
    );
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut **transaction).await?;
    Ok(())
}

/// Keeps writers out of these tables until the end: the old service, registrations, another import.
pub(super) async fn hold(
    transaction: &mut PgTransaction<'_>,
    tables: &[&str],
) -> anyhow::Result<()> {
    let statement =
        AssertSqlSafe(format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", ")));
    match sqlx::raw_sql(statement).execute(&mut **transaction).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
            anyhow::bail!(
                "somebody else writes to {} and did not stop within {LOCK:?}: \
                 stop the old service first. Nothing was written",
                tables.join(" or ")
            )
        }
        locked => locked.map(drop).context("the tables cannot be locked; nothing was written"),
    }
}
