//! The admin API, through its door.

mod access;
mod bodies;
mod listener;
mod pruning;
mod trials;
mod trust;
mod ways;
