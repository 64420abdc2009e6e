//! Logs: JSON lines in production, text for people with `ENV=local`. No line carries a password, a
//! token or a hash. A line waits in a bounded queue for standard error, never a request for a line;
//! what repeats with every request of an outage is said once a second.

mod queue;
mod rarely;
mod start;

pub use queue::Queue;
pub use rarely::Rarely;
pub(crate) use rarely::rarely;
pub use start::{LogSettings, Written, causes, measure, say, start};
