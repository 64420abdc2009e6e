//! Running a policy: the engine, what compiled components are kept in, and one call.
//!
//! Everything that a call needs of the machine comes from the profile of its generation, and from
//! nowhere else, so that calls of one profile cannot take what those of another need.

mod cache;
mod call;
mod cores;
mod engine;
mod export;
mod fault;
mod generation;
mod linker;
#[cfg(feature = "native-policies")]
mod native;
mod profile;
mod running;
mod shadow;

pub use cache::{Cache, Origin, Pass};
pub use call::{Decision, call};
pub use cores::worker_threads;
pub use engine::{compatibility, compiling_engine};
pub use export::{MissingExport, check_export, find_export};
pub use fault::CallError;
pub use generation::{Code, Generation};
pub use linker::contract_linker;
#[cfg(feature = "native-policies")]
pub use native::{Decided, NativePolicy};
pub use profile::Profile;
pub use shadow::{Shadowed, shadow};
