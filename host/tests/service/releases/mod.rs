//! Releases of policies: the registry, replicas in step, the way back, and upgrades of the host
//! beneath them.

mod admin;
mod directory;
mod follower;
mod health;
mod registry;
