//! The database, behind one seam: [`Store`] is how the rest of the host asks, and what it gets are
//! the types here.
//!
//! The rule: a decision that must be atomic (taking an e-mail address, claiming a refresh token,
//! leasing an event) is one statement or holds a lock, never a read and then a write. Times are
//! compared with the clock that the store was opened with.

mod accounts;
mod database;
mod error;
pub mod import;
mod migrations;
mod outage;
mod outbox;
mod postgres;
pub mod registry;
mod row;
mod sessions;
mod sqlite;
mod throttles;
mod writes;

pub use accounts::Account;
pub use database::Store;
pub use error::{CarryError, Conflict, DriverError, StoreError};
pub use outage::Outage;
pub use outbox::{Backlog, EventFilter, EventRow, EventState, OutboxEvent, Undelivered};
pub use postgres::{DatabaseMetrics, Postgres, PostgresSettings};
pub use sessions::{NewSession, NewToken, Session, StoredToken};
pub use sqlite::Sqlite;
pub use throttles::ThrottleHit;
pub use writes::{StorageWrite, Writes};
