//! What all replicas counted of a trial together.

use crate::store::registry::{Candidate, Counted, Replica};

/// What all replicas counted together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrialSum {
    pub active: Counted,
    pub candidate: Counted,
    /// So many live replicas take part.
    pub replicas: usize,
    /// The names of the live ones that do not, with why.
    pub missing: Vec<(String, String)>,
}

/// The figures of a candidate of this place, at its turn.
pub fn of_trial(_place: &str, _candidate: &Candidate, _replicas: &[Replica]) -> TrialSum {
    TrialSum::default()
}
