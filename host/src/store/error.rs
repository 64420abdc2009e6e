//! What goes wrong with the database, whichever it is.
//!
//! Reads return [`StoreError`]; what carries a decision out returns [`CarryError`], because the
//! decision may have been overtaken as well.

use super::outage::Outage;

/// What the driver said, for the log.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DriverError(#[from] sqlx::Error);

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away or busy; nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] DriverError),
    /// The connection was lost while committing: nobody knows whether it was.
    #[error("the outcome of a commit is not known: {0}")]
    OutcomeUnknown(#[source] DriverError),
    /// A row is not of the form that we write.
    #[error("a row of the database is damaged: {0}")]
    Damaged(String),
    /// The file is not of the form that `SQLite` writes: another try ends alike.
    #[error("the database's file is damaged: {0}")]
    FileDamaged(#[source] DriverError),
}

impl StoreError {
    /// What it says about the database beyond this question.
    pub(super) fn outage(&self) -> Option<Outage> {
        match self {
            Self::Unavailable(DriverError(error))
            | Self::OutcomeUnknown(DriverError(error))
            | Self::FileDamaged(DriverError(error)) => Outage::of(error),
            Self::Damaged(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Damaged(format!("{index}: {source}"))
            }
            other if Outage::of(&other) == Some(Outage::Damaged) => Self::FileDamaged(other.into()),
            other => Self::Unavailable(other.into()),
        }
    }
}

/// Why a decision was not carried out: what it rested on has changed since it was read. Nothing was
/// written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Somebody has an account with this address.
    EmailTaken,
    /// The account was disabled, or its password changed.
    AccountChanged,
    /// The session was revoked or has ended.
    SessionChanged,
    /// Another call claimed the refresh token.
    TokenClaimed,
    /// A row of the policy's storage does not hold what `replace` expected.
    StorageChanged,
    /// The account's attributes together would exceed their bound.
    AttributesTooLarge,
}

/// Why a decision was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The decision was overtaken; the database is well.
    #[error("what the decision rested on has changed: {0:?}")]
    Conflict(Conflict),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a transaction is not committed: the database may be well.
pub(super) trait MayBeWell: From<StoreError> {
    /// What went wrong with the database; none if it is well.
    fn of_the_database(&self) -> Option<&StoreError>;
}

impl MayBeWell for StoreError {
    fn of_the_database(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl MayBeWell for CarryError {
    fn of_the_database(&self) -> Option<&StoreError> {
        match self {
            Self::Conflict(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}

impl From<Conflict> for CarryError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<sqlx::Error> for CarryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
