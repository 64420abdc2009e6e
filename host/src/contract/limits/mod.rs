//! The bounds of a call, as one value. Every bound of a call stands here, with its unit; a test
//! holds them to what the WIT's comments and the documentation promise.

mod call;
mod capability;
#[cfg(test)]
mod promise;
#[cfg(test)]
mod tests;

pub use call::Limits;
pub use capability::{
    AccountLimits, ClaimLimits, HttpLimits, LogLimits, MetricLimits, OutboxLimits, PasswordLimits,
    RefusalLimits, SessionLimits, StorageLimits, ThrottleLimits,
};
