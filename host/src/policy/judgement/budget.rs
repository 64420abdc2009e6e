//! What a candidate may cost: `faults > 0.1%`, `timeouts > +0.1%`, `p99 > x1.5`,
//! `refusals > +2%`, `refusals.closed_hours > 10%`.

use std::str::FromStr;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Calls that the policy spoiled.
    Faults,
    /// Those of them that took longer than they may.
    Timeouts,
    /// The time that all calls but one in a hundred keep within.
    P99,
    /// The share of each refusal code that has no budget of its own.
    Refusals,
    /// The share of one refusal code.
    RefusalsOf(String),
}

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Such a part of the candidate's calls: `0.1%`.
    Share(f64),
    /// So many points of percent more than the active release's: `+2%`.
    More(f64),
    /// Such a multiple of the active release's: `x1.5`. Of times only.
    Times(f64),
    /// So many microseconds more than the active release's: `+20ms`. Of times only.
    Longer(u64),
    /// Never: `off`.
    Off,
}

/// One line of a budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    pub metric: Metric,
    pub limit: Limit,
}

/// At most one of each metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Budgets(pub Vec<Budget>);

impl FromStr for Budget {
    type Err = String;

    /// The error ends a sentence: "is not …".
    fn from_str(_text: &str) -> Result<Self, String> {
        todo!()
    }
}

impl FromStr for Budgets {
    type Err = String;

    /// Budgets with commas between them.
    fn from_str(_text: &str) -> Result<Self, String> {
        todo!()
    }
}

impl Budgets {
    /// These, with others in the place of those of the same metric.
    #[must_use]
    pub fn with(&self, _others: &[Budget]) -> Self {
        todo!()
    }
}
