//! The manifest: a JSON text in a custom section of the component. It says who the policy is, which
//! refusals it can give and what it reads.
//!
//! A component is served only with a manifest that keeps every rule; all that it breaks is told at
//! once, each with what to do about it.

mod asked;
mod asks;
mod asks_fault;
mod fault;
mod form;
mod read;
mod schema;
mod settings;
#[cfg(test)]
mod tests;

pub use asks_fault::AsksFault;
pub use fault::{ManifestFault, SettingsFault};
pub use form::{Manifest, RefusalCode, SECTION};
