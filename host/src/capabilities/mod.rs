//! What a policy can ask of the host: one file for each interface of the WIT. Everything is bounded
//! here, and everything that a policy writes is buffered in the call's state until its decision is
//! carried out.
//!
//! Beside them, `state` holds what a call has, `acceptances` and `credentials` what some interfaces
//! share, `breaches` what a service of breached passwords is asked, `reading` how the database is
//! asked, and `forms` the forms of values.

mod acceptances;
mod accounts;
mod breaches;
mod clock;
mod credentials;
mod forms;
mod http;
mod log;
mod logging_in;
mod metrics;
mod outbox;
mod passwords;
mod random;
mod reading;
mod refreshing;
mod registering;
mod sessions;
mod settings;
mod state;
mod storage;
mod throttle;
mod types;

pub use state::{
    BoundExceeded, Budget, CallState, DroppedLines, Ended, Estimates, InstanceBounds, LiveReads,
    Machine, Memory, NoRoom, Outcome, PolicySeries, ProcessorTime, Recorder, Recording, Services,
    StorageSizes, Verification, tells_waiting,
};
