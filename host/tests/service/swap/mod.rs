//! The policy folder: what lies in it serves within a second, and what fails admission never does.

mod admission;
mod cache;
pub(crate) mod components;
mod folder;
mod owners;
mod pairs;
mod refused;
mod running;
