//! Admission: what a component must pass before it may serve. A process of its own (`child`,
//! `worker`) reads, compiles and tries it, within limits; cheap checks of the raw bytes come first,
//! and nothing is compiled or run before they are passed. What passed is loaded here.
//!
//! All faults that can be known are reported together, each with what to do about it.

mod admit;
mod admitted;
mod asks;
mod bounds;
mod bytes;
mod check;
mod child;
mod child_fault;
mod compile;
mod fault;
mod file;
mod job;
mod loaded;
mod offline;
mod report;
mod settings;
#[cfg(test)]
mod tests;
mod trial;
mod worker;
mod world;

pub use admit::{Admission, Offer};
pub use admitted::Admitted;
pub use asks::AsksFault;
pub use bounds::BoundsFault;
pub use bytes::{BytesFault, MAX_COMPONENT_BYTES, MAX_SETTINGS_BYTES};
pub use check::{Checked, check};
pub use child_fault::ChildFault;
pub use compile::CompileFault;
pub use fault::{Fault, Faults};
pub use file::FileFault;
pub use offline::check_offline;
pub use report::AdmissionReport;
pub use settings::AdmissionSettings;
pub use trial::TrialFault;
pub use worker::{admit_one, examine, inspect};
pub use world::WorldFault;
