//! What is read of rows.

use sqlx::FromRow;
use sqlx::postgres::PgRow;

use crate::store::StoreError;

/// Each row of the answer, in its order.
pub(super) fn all<T: for<'r> FromRow<'r, PgRow>>(rows: &[PgRow]) -> Result<Vec<T>, StoreError> {
    Ok(rows.iter().map(T::from_row).collect::<sqlx::Result<_>>()?)
}

/// The first, of a query that may have none.
pub(super) fn first<T: for<'r> FromRow<'r, PgRow>>(
    rows: &[PgRow],
) -> Result<Option<T>, StoreError> {
    Ok(rows.first().map(T::from_row).transpose()?)
}

/// The one row of a query that always has one.
pub(super) fn only<T: for<'r> FromRow<'r, PgRow>>(rows: &[PgRow]) -> Result<T, StoreError> {
    first(rows)?.ok_or_else(|| StoreError::Damaged("a query that always has a row had none".into()))
}

/// PostgreSQL's text has no U+0000.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
