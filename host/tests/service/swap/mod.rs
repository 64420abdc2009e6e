//! The policy folder: what lies in it serves within a second, and what fails admission never does.

mod cache;
mod folder;
mod refused;
mod running;
