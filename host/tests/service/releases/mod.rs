//! Releases of policies, from the registry to a way back.

mod admin;
mod directory;
mod falling_back;
mod follower;
mod health;
mod pins;
mod pushing;
pub(crate) mod registry;
