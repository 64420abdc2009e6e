//! What the answer to a statement means for what was asked, and for the connection.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// A statement that did not get the answer that it asked for.
pub(super) enum AskError {
    /// The server said no: nothing was written, and the connection is sound.
    Refused(sqlx::Error),
    /// There was no answer: what was asked may have been done, or not.
    Lost(sqlx::Error),
}

impl AskError {
    /// What the driver said, if it does not matter whether it was done.
    pub(super) fn cause(self) -> sqlx::Error {
        match self {
            Self::Refused(error) | Self::Lost(error) => error,
        }
    }
}

impl From<sqlx::Error> for AskError {
    fn from(error: sqlx::Error) -> Self {
        if refused(&error) { Self::Refused(error) } else { Self::Lost(error) }
    }
}

/// Whether the server answered that it did not do it. A FATAL (it stops, or ends our connection)
/// may come after a commit.
fn refused(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .try_downcast_ref::<PgDatabaseError>()
            .is_some_and(|error| matches!(error.severity(), PgSeverity::Error)),
        // These are ours: nothing was sent, or the rows are not of the form that we read.
        sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        _ => false,
    }
}

/// Whether the server takes no writes: SQLSTATE 25006, `read_only_sql_transaction`.
pub(super) fn is_read_only(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("25006"))
}

/// The server did not answer for longer than a statement may take.
pub(super) fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        "the database did not answer",
    ))
}

/// Whether a statement took too long, by our clock or by the server's: SQLSTATE 57014,
/// `query_canceled`, and 55P03, `lock_not_available`.
pub(super) fn timed_out(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57014" | "55P03")),
        _ => false,
    }
}
