//! From an attempt to its answer: the policy decides, the host checks the decision and carries it
//! out in one transaction, or not at all.

mod asking;
mod carrying_out;
mod checks;
mod context;
mod credentials;
mod decider;
mod issuing;
mod legacy;
mod login;
mod metrics;
mod question;
mod refresh;
mod register;
mod repeats;
mod rotations;
mod shadow;

pub use context::Context;
pub use credentials::Credentials;
pub use decider::{DecisionParts, Decisions};
pub use issuing::Lifetimes;
pub use metrics::DecisionMetrics;
pub use shadow::{ShadowMetrics, ShadowParts, Shadows};
