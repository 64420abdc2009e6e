//! Rows of both databases become the same values: whatever a statement selects has the name of the
//! field that it fills.

use serde_json::{Map, Value};

/// Reads a type from the rows of either database: `from_row!(Session |row| { session_id, … })`. A
/// field is the column of its name, or what its expression makes of `row`.
macro_rules! from_row {
    ($type:ident |$row:ident| { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        impl<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> for $type {
            fn from_row($row: &'r sqlx::sqlite::SqliteRow) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $($field: from_row!(@value $row $field $(: $value)?)),* })
            }
        }

        impl<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> for $type {
            fn from_row($row: &'r sqlx::postgres::PgRow) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $($field: from_row!(@value $row $field $(: $value)?)),* })
            }
        }
    };
    (@value $row:ident $field:ident) => { $row.try_get(stringify!($field))? };
    (@value $row:ident $field:ident : $value:expr) => { $value };
}

pub(super) use from_row;

/// A count, which PostgreSQL keeps with a sign.
pub(super) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// A JSON object out of a column that is named for the log.
pub(super) fn object(column: &str, text: &str) -> sqlx::Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}
