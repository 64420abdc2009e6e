//! auth-host: an authentication service whose policies are WebAssembly components.
//!
//! A native host owns every effect (HTTP, database, outbox, metrics, secrets); a policy reads
//! through WIT imports and returns a decision; the host checks it and carries it out, in one
//! transaction, or not at all. `docs/architecture.md` tells the rest.

pub mod administration;
pub mod app;
pub mod capabilities;
pub mod clock;
pub mod command;
pub mod config;
pub mod contract;
pub mod decisions;
pub mod email;
pub mod errors;
pub mod events;
pub mod hex;
pub mod housekeeping;
pub mod http;
pub mod keys;
pub mod lifecycle;
pub mod metrics;
pub mod numbers;
pub mod outbox;
pub mod outgoing;
pub mod owners;
pub mod passwords;
pub mod policy;
pub mod secrets;
pub mod shutdown;
pub mod signatures;
pub mod store;
pub mod strict_json;
pub mod telemetry;
pub mod tokens;
pub mod wake;
pub mod whole_file;

#[cfg(test)]
mod layers;
