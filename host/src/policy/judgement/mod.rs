//! The judgement of a candidate beside what is active, and of a fresh release: a function of
//! figures alone.

mod budget;
mod judge;
mod times;

pub use budget::{Budget, Budgets, Limit, Metric};
pub use judge::{
    Evidence, Failing, Judged, JudgementSettings, MetricFigures, MetricState, Verdict, judge,
};
pub use times::{TIMES, bucket, percentile};
