//! Policies: their way from bytes to what serves, and each single call.
//!
//! `health` counts what becomes of calls, `runtime` runs them, `admission` decides which may serve,
//! `serving` keeps what serves and looks for what is new; each knows only those before it.

pub mod admission;
pub mod health;
pub mod judgement;
pub mod metrics;
pub mod pack;
pub mod releases;
pub mod rollout;
pub mod runtime;
pub mod serving;
pub mod trust;
