//! Releases: the registry, replicas in step, and the way back.

mod follower;
mod registry;
