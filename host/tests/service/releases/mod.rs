//! Releases of policies over several replicas, and upgrades of the host beneath them.

mod crowd;
mod fleet;
mod operator;
mod story;
mod swaps;
mod upgrade;
