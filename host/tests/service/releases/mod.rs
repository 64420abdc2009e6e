//! Releases of policies: the registry, replicas in step, the way back, and upgrades of the host
//! beneath them.

mod admin;
mod commands;
mod directory;
mod falling_back;
mod files;
mod follower;
mod health;
mod pins;
mod pushing;
pub(crate) mod registry;
