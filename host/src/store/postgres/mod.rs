//! PostgreSQL: shared by all replicas, and the authority.
//!
//! The rule: whatever can be is one statement that commits by itself: one round trip, and nothing
//! is locked while we think.

mod accounts;
mod answer;
mod breaks;
mod database;
mod decisions;
mod events;
mod hints;
mod housekeeping;
mod import;
mod metrics;
mod migrate;
mod operators;
mod outbox;
mod pools;
mod registry;
mod rows;
mod secrets;
mod sessions;
mod statements;
mod storage;
mod throttles;
mod transaction;
mod writes;

pub use database::{Postgres, PostgresSettings};
pub use metrics::DatabaseMetrics;
