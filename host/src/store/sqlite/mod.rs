//! SQLite, the embedded default: one writer, several readers, write-ahead log, `synchronous = FULL`
//! (a commit is on disk when it returns).
//!
//! The rule: a transaction takes the write lock when it begins, and one that is dropped, for a
//! conflict or an error, is rolled back. A connection that failed is closed and made anew.

mod accounts;
mod database;
mod decisions;
mod events;
mod file;
mod housekeeping;
mod migrate;
mod operators;
mod outbox;
mod registry;
mod replicas;
mod secrets;
mod sessions;
mod storage;
mod throttles;
mod user_ids;
mod writer;
mod writes;

pub use database::Sqlite;
