//! Trials: a candidate beside what serves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::policy::judgement::{MetricState, Verdict};
use crate::store::registry::RolloutMode;

/// How a release is to be tried, in `POST /v1/deployments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRolloutView {
    /// `shadow` or `share`.
    #[schema(value_type = String, example = "share")]
    pub mode: RolloutMode,
    /// In percent, with at most two decimals: of calls in a shadow (100 if not said), of people in
    /// a share. Not beside `steps`.
    #[serde(default)]
    pub percent: Option<f64>,
    /// How a share grows by itself.
    #[serde(default)]
    pub steps: Vec<StepView>,
    /// What takes the candidate out, such as `faults > 0.1%`, in place of the usual of the same
    /// metric.
    #[serde(default)]
    pub abort_if: Vec<String>,
    /// So many of its calls are judged at least before it counts as good.
    #[serde(default)]
    pub least_calls: Option<u64>,
}

/// A step of a share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepView {
    /// 100, of the last step only: then it serves all.
    pub percent: f64,
    /// It lasts at least so long, and until the judgement is good; 0 for the last step.
    #[serde(default)]
    pub hold_seconds: u64,
}

/// What is tried in a place, a member of `PlaceView`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CandidateView {
    #[schema(value_type = String)]
    pub rollout: Uuid,
    #[schema(example = "login/43")]
    pub release: String,
    /// What it is compared with.
    pub base: String,
    #[schema(value_type = String)]
    pub mode: RolloutMode,
    pub percent: f64,
    pub steps: Vec<StepView>,
    /// Which of the steps it is at, from 0.
    pub step: usize,
    /// Since when `percent` is what it is.
    pub since: String,
    /// When the next step may begin at the earliest.
    pub next_step_at: Option<String>,
    pub began_at: String,
    pub began_by: String,
    pub message: String,
    pub paused: Option<PausedView>,
    pub abort_if: Vec<String>,
    #[schema(value_type = JudgementView)]
    pub judgement: Verdict,
    /// So many live replicas take part.
    pub replicas: usize,
    /// The live ones that do not, with why.
    pub missing: Vec<String>,
}

/// How a [`Verdict`] is written.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is the schema of a type of the policies, which knows of none")]
pub struct JudgementView {
    /// `good`, `not_enough` or `bad`.
    #[schema(example = "not_enough")]
    verdict: String,
    /// Of `not_enough`: what is missing.
    #[schema(example = "12 of at least 200 calls")]
    why: Option<String>,
    /// Of `bad`: the metric, as `abort_if` names it.
    #[schema(example = "faults")]
    metric: Option<String>,
    /// Of `bad`: the figures, for people.
    sentence: Option<String>,
    /// Of `bad`: the most frequent cause of faults, or the metric.
    cause: Option<String>,
}

/// Steps do not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PausedView {
    pub at: String,
    pub by: String,
    pub message: String,
}

/// `GET /v1/places/{place}/rollout[?rollout=ID]`: what a trial has shown so far, also one of the
/// last week that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RolloutView {
    #[schema(value_type = String)]
    pub rollout: Uuid,
    pub place: String,
    pub release: String,
    pub base: String,
    #[schema(value_type = String)]
    pub mode: RolloutMode,
    pub began_at: String,
    pub began_by: String,
    pub message: String,
    pub ended_at: Option<String>,
    /// `promoted`, `aborted`, `taken_out`, `replaced` or `overtaken`; none: it goes on.
    pub ending: Option<String>,
    /// As `status` tells it, while it goes on.
    pub candidate: Option<CandidateView>,
    /// Of a shadow: calls whose two decisions were the same, and those that were not.
    pub same: u64,
    pub differ: u64,
    /// Calls that the candidate spoiled, that could not be compared, and that there was no room
    /// for.
    pub faults: u64,
    pub not_comparable: u64,
    pub skipped: u64,
    /// Each kind of all of those but `same`, the most frequent first.
    pub kinds: Vec<DifferenceView>,
    /// Both groups side by side: of all replicas, since `candidate.since`.
    pub metrics: Vec<MetricView>,
    /// The calls that were judged, and those of the active release beside them.
    pub calls: u64,
    pub active_calls: u64,
}

/// A kind of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// `differs`, `fault`, `not_comparable` or `skipped`.
    pub what: String,
    /// `accepted → captcha_required`, `claims`, `reads_a_write`.
    pub kind: String,
    pub count: u64,
    pub samples: Vec<SampleView>,
}

/// A call, to be looked up in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SampleView {
    pub request_id: String,
    pub at: String,
    pub replica: String,
}

/// A metric of both groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetricView {
    /// As `abort_if` names it: `faults`, `refusals.closed_hours`, `p99`.
    pub metric: String,
    /// In percent; of `p99`, in milliseconds.
    pub candidate: f64,
    pub active: Option<f64>,
    /// The difference lies between these points of percent, but for the rate of error that the
    /// documentation names; if `limit` is a part of all calls, the candidate's own part does. Of
    /// `p99` it is the part of calls that are slower than `limit` allows.
    pub low: f64,
    pub high: f64,
    pub limit: Option<String>,
    /// `good`, `undecided`, `bad`, or `told`: it has no budget here.
    #[schema(value_type = String)]
    pub state: MetricState,
}

/// `POST /v1/places/{place}/rollout/{pause,resume,promote,abort}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutChangeView {
    #[serde(default)]
    pub message: String,
    /// Only if this release is what is tried, such as 43.
    #[serde(default)]
    pub release: Option<i64>,
}
