//! What a call has, and what capabilities share across calls. Each capability that keeps something
//! owns it here, in the file of its name; `call` and `services` only list them.

mod accounts;
mod arriving;
mod budget;
mod call;
mod exceeded;
mod http;
mod journal;
mod log;
mod machine;
mod memory;
mod metrics;
mod outbox;
mod passwords;
mod processor;
mod secrets;
mod services;
mod sessions;
mod storage;
mod throttle;
mod waiting;

pub use budget::Budget;
pub use call::{CallState, Outcome};
pub use exceeded::BoundExceeded;
pub use journal::{Ended, LiveReads, Recorder, Recording};
pub use log::DroppedLines;
pub use machine::{Machine, NoRoom};
pub use memory::{InstanceBounds, Memory};
pub use metrics::PolicySeries;
pub use passwords::{Estimates, Verification};
pub use processor::ProcessorTime;
pub use services::Services;
pub use storage::StorageSizes;
pub use waiting::tells_waiting;

pub(super) use accounts::too_many_attributes;
pub(super) use journal::{
    BreachPrefix, FindByEmail, Hit, HttpSend, IsBreached, IsInBreach, OpenSessions, Question,
    RandomBytes, Read, StorageGet, Strength, Verify,
};
pub(super) use metrics::{Sample, check as check_metric};
