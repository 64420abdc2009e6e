//! What a call has, and what capabilities share across calls. Each capability that keeps something
//! owns it here, in the file of its name; `call` and `services` only list them.

mod accounts;
mod budget;
mod call;
mod exceeded;
mod log;
mod memory;
mod metrics;
mod outbox;
mod passwords;
mod services;
mod sessions;
mod storage;
mod throttle;

pub use budget::Budget;
pub use call::{CallState, Outcome};
pub use exceeded::BoundExceeded;
pub use log::DroppedLines;
pub use memory::Memory;
pub use metrics::PolicySeries;
pub use passwords::{Estimates, Verification};
pub use services::Services;
pub use storage::StorageSizes;

pub(super) use accounts::too_many_attributes;
pub(super) use metrics::Sample;
