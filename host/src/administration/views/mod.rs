//! The forms of the admin API: what it takes and what it answers, for the server and for the
//! command line alike.
//!
//! Times are texts of RFC 3339, releases are written as `login/42`, settings are JSON objects. A
//! member may be added to an answer; readers pass over those that they do not know.

mod change;
mod deployment;
mod error;
mod release;
mod rollout;
mod status;
mod trust;

pub use change::{
    EndView, HistoryLineView, HistoryView, MovedView, NewFreezeView, PruneView, PrunedView,
    RollbackView,
};
pub use deployment::{DeploymentView, NewDeploymentView, ReportView};
pub use error::{ErrorView, FieldView, ReasonView};
pub use release::{ComponentView, NewReleaseView, ReleaseComponentView, ReleaseView, ReleasesView};
pub use rollout::{
    CandidateView, DifferenceView, JudgementView, MetricView, NewRolloutView, PausedView,
    RolloutChangeView, RolloutView, SampleView, StepView,
};
pub use status::{
    FreezeView, HostView, PlaceView, ReplicaView, ServingState, ServingView, StatusView,
};
pub use trust::{
    GrantsView, NewGrantsView, NewSignaturesView, SignatureView, SignaturesView, TrustView,
};
