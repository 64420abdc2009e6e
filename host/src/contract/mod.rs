//! What the host and a policy agree on: the slots, the WIT's bindings, the manifest, the bounds,
//! and the types of a call. It runs nothing.

mod acceptance;
mod attempt;
pub mod bindings;
mod export;
mod failure;
pub mod grants;
mod handles;
mod identity;
pub mod limits;
pub mod manifest;
pub mod names;
mod refusal;
mod slot;
pub mod wit;

pub use acceptance::{LoginAcceptance, RefreshAcceptance, RegisterAcceptance};
pub use attempt::{Attempt, Request};
pub use export::{Contract, Login, Refresh, Register, Returned};
pub use failure::TrappableFailure;
pub use grants::{Asks, Grants, Item, ItemFault};
pub use handles::{
    AccountHandle, Caller, LoginAttempt, PasswordHandle, RefreshAttempt, RegisterAttempt,
};
pub use identity::Identity;
pub use limits::{
    AccountLimits, ClaimLimits, HttpLimits, Limits, LogLimits, MetricLimits, OutboxLimits,
    PasswordLimits, RefusalLimits, SessionLimits, StorageLimits, ThrottleLimits,
};
pub use manifest::{Manifest, ManifestFault, SettingsFault};
pub use refusal::Refusal;
pub use slot::{PerSlot, Slot};
