//! The registry of policies. The changes themselves are in `store::registry::changes`: here is
//! what they ask of SQLite.
//!
//! The rule: there is one replica, and what is known of it dies with the process.

mod asking;
mod changing;
mod parts;
mod replicas;
mod statements;
mod transaction;
mod trials;
mod trust;
