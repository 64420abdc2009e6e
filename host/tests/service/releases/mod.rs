//! Releases of policies: the registry, replicas in step, the way back, and upgrades of the host
//! beneath them.

mod admin;
mod commands;
mod crowd;
mod damage;
mod directory;
mod falling_back;
mod files;
mod fleet;
mod follower;
mod health;
mod operator;
mod outcomes;
mod pins;
mod pushing;
pub(crate) mod registry;
mod signing;
mod story;
mod swaps;
mod trials;
mod trust;
mod upgrade;
