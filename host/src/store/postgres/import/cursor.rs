//! Rows of the old tables, however many there are, a batch at a time.

use anyhow::Context as _;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgRow, PgTransaction};

/// Opens a cursor over a query that is made of checked names; [`next`] reads it.
pub(super) async fn open(transaction: &mut PgTransaction<'_>, query: &str) -> anyhow::Result<()> {
    let statement = AssertSqlSafe(format!("DECLARE old_rows NO SCROLL CURSOR FOR {query}"));
    sqlx::raw_sql(statement)
        .execute(&mut **transaction)
        .await
        .context("the old table cannot be read")?;
    Ok(())
}

/// The next rows of the cursor; if there is none left, it is closed.
pub(super) async fn next(
    transaction: &mut PgTransaction<'_>,
    most: u32,
) -> anyhow::Result<Vec<PgRow>> {
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
