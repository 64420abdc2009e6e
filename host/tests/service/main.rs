//! The service through its public door: HTTP on a port of its own, files in the policy folder,
//! signals to the process.
//!
//! Each test starts a service of its own (`support::TestService`) and ends it with `stop`, which
//! asserts that everything in flight was finished, that no event was left in the outbox, and that
//! no password or token was written to disk or to the log.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod busy;
mod contract;
mod faults;
mod flood;
mod guessing;
mod legacy;
mod outside;
mod policies;
mod process;
mod relay;
mod releases;
mod sessions;
mod store;
mod storm;
mod support;
mod swap;
mod wit;
