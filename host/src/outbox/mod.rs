//! The relay: takes committed events out of the outbox and publishes them, in order of their keys,
//! at least once, never before they are committed and never forgotten after.
//!
//! A lane leases a batch, publishes it, and marks what was confirmed. Whatever happens in between
//! (a crash, a broker that dies or freezes, a database that goes away), the lease runs out and
//! somebody publishes the batch again under the same message ids.

mod backoff;
mod confirm;
mod file;
mod lane;
mod lease;
mod ledger;
mod link;
mod measure;
mod message;
mod metrics;
mod outcome;
mod publisher;
mod rabbitmq;
mod relay;
mod settings;
mod settle;
mod sink;
mod socket;
mod supervisor;
mod topology;

pub use metrics::RelayMetrics;
pub use relay::Relay;
pub use settings::{AmqpSettings, RelaySettings};
pub use sink::Sink;
