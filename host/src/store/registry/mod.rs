//! The registry of policies as the database keeps it: components, releases, what serves in each
//! place, the replicas that serve it, and who changed what.
//!
//! The rule: a place changes by one transaction that locks its row, and leaves a line of history.
//! Nothing here knows what a policy is: settings, grants, manifests and reports are texts.

mod candidate;
pub(super) mod changes;
mod changing;
mod counted;
mod deployment;
mod differences;
mod fitting;
mod place;
mod place_row;
mod readiness;
mod refused;
mod release;
mod replica;
mod rows;
mod signature;
mod token;
mod transaction;
mod verdict;
mod written;

pub use candidate::{
    Candidate, Pause, RolloutChange, RolloutMode, RolloutPlan, RolloutStep, WHOLE,
};
pub use counted::{Counted, TrialFigures};
pub use deployment::{Deployment, DeploymentState, Report, ReportState};
pub use differences::{DifferenceSample, Differences, NewDifferences, Rollout};
pub use place::{Change, EventOfMove, Expected, Freeze, HistoryLine, Moved, PlaceState};
pub use readiness::{Unready, unready};
pub use refused::{RegistryError, RegistryRefusal};
pub use release::{
    Component, ComponentInfo, NewRelease, Pruned, Release, ReleaseComponent, Source,
};
pub use replica::{Beat, Replica, Serving};
pub use signature::StoredSignature;
pub use token::{AdminToken, NewAdminToken, Role};

pub(super) use changing::changing;
pub(super) use fitting::{Fitted, KEPT_SAMPLES, KEPT_SAMPLES_OF_KIND};
pub(super) use place_row::PlaceRow;
pub(super) use rows::as_word;
pub(super) use transaction::{
    KEPT_DEPLOYMENTS, NewLine, PRUNED_RELEASES, REHEARSING, Registry, Trials, Trust,
};
pub(super) use verdict::{looked_at, verdict, waiting};
pub(super) use written::as_json;
