//! The registry of policies. The changes themselves are in `store::registry::changes`: here is
//! what they ask of PostgreSQL.
//!
//! The rule: what changes a place or a deployment tells all replicas within its transaction.

mod asking;
mod changing;
mod parts;
mod replicas;
mod statements;
mod transaction;
mod trials;
mod trust;
