//! The judgement of a candidate beside what is active, and of a fresh release: a function of
//! figures alone.

mod budget;
mod compared;
mod confidence;
mod judge;
mod numbers;
#[cfg(test)]
mod simulation;
mod sum;
mod times;
mod verdict;
mod words;

pub use budget::{Budget, Budgets, Limit, Metric};
pub use judge::{FAILED, judge};
pub use sum::sum;
pub use times::{TIMES, bucket, percentile};
pub use verdict::{
    Evidence, Failing, Judged, JudgementSettings, MetricFigures, MetricState, Verdict,
};
