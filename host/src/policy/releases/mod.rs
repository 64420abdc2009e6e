//! Releases: each replica serves what the registry says, and goes back at once.

pub mod export;
mod export_fault;

pub use export_fault::ExportFault;
