//! The composition root: every part is made here from what it needs, and no part knows this module.

mod admin;
mod data_folder;
mod database;
mod parts;
mod root;
mod sources;

pub use root::App;
pub use sources::Sources;
