//! Admission: what a component must pass before it may serve. Cheap checks of the raw bytes come
//! first; nothing is compiled or run before they are passed.
//!
//! All faults that can be known are reported together, each with what to do about it.

mod admit;
mod bounds;
mod bytes;
mod check;
mod compile;
mod fault;
mod file;
#[cfg(test)]
mod tests;
mod trial;
mod world;

pub use admit::Admission;
pub use bounds::BoundsFault;
pub use bytes::{BytesFault, MAX_COMPONENT_BYTES};
pub use check::{Checked, check, inspect};
pub use compile::CompileFault;
pub use fault::{Fault, Faults};
pub use file::FileFault;
pub use trial::TrialFault;
pub use world::WorldFault;
