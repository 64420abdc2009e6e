//! Who made a policy, and what it may do.

mod commands;
mod directory;
pub(super) mod keys;
mod people;
mod replicas;
