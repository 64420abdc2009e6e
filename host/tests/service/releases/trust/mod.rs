//! Who made a policy, and what it may do.

mod commands;
mod people;
