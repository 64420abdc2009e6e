//! Administration of releases: who may do what (`access`, `tokens`), what people ask of the
//! registry (`components`, `releases`, `places`, `deployments`, `rollouts`, `grants`,
//! `signatures`, `looking`), and its form on the wire (`views`).
//!
//! The rule: every change carries the name of the token that asked for it into the history.

mod access;
mod attempts;
pub mod codes;
mod components;
mod core;
mod deployments;
mod describe;
mod examine;
mod gating;
mod grants;
mod input;
mod looking;
mod moments;
mod places;
mod plan;
mod refusals;
mod releases;
mod rollouts;
mod room;
mod signatures;
mod tokens;
mod trials;
pub mod views;

pub use access::{Access, AccessMetrics, Caller};
pub use core::Administration;
pub use moments::{moment, read_moment};
pub use room::ComponentRoom;
pub use tokens::{LOCAL, NewToken, TokenError, keep_local_token, new_token};
