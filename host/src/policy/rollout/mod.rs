//! A candidate as this replica tries it: whom it decides about, and what is counted of it.

mod figures;
mod judged;
mod lease;
mod trial;

pub use figures::{TrialSum, of_trial};
pub use judged::{JudgedTrial, judge_trial};
pub use lease::Lease;
pub use trial::{Trial, bucket};
