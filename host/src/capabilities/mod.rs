//! What a policy can ask of the host: one file for each interface of the WIT. Everything is bounded
//! here, and everything that a policy writes is buffered in the call's state until its decision is
//! carried out.

mod accounts;
mod attempts;
mod log;
mod metrics;
mod passwords;
mod sessions;
mod state;
mod storage;
mod throttle;
mod types;
mod values;

pub use accounts::AccountHandle;
pub use attempts::{
    LoginAcceptance, LoginAttempt, RefreshAcceptance, RefreshAttempt, RegisterAcceptance,
    RegisterAttempt,
};
pub use metrics::PolicyMetrics;
pub use passwords::PasswordHandle;
pub use state::{Attempt, CallState, Identity, Request, Services, Verification};
pub use storage::StorageSizes;
pub use types::{Caller, Field, Refusal, Stop};
