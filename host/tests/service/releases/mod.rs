//! Releases: pushed, deployed, rolled back, by people and by the service itself.

mod commands;
mod files;
