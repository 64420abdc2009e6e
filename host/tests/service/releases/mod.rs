//! Releases: the registry, replicas in step, and the way back.

mod falling_back;
mod follower;
mod pins;
mod registry;
