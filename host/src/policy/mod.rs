//! Policies: their way from bytes to what serves, and each single call.
//!
//! `runtime` runs them, `admission` decides which may serve, `serving` keeps what serves and looks
//! for what is new; each knows only those before it.

pub mod admission;
pub mod metrics;
pub mod pack;
pub mod releases;
pub mod runtime;
pub mod serving;
