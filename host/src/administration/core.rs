//! What all of administration works with.

use std::sync::Arc;
use std::time::Duration;

use super::access::Caller;
use super::input;
use super::room::ComponentRoom;
use crate::errors::ApiError;
use crate::policy::admission::Admission;
use crate::policy::judgement::JudgementSettings;
use crate::policy::trust::Gate;
use crate::shutdown::StopDeadline;
use crate::store::Store;
use crate::store::registry::Change;

/// Answers what people ask of the registry.
pub struct Administration {
    pub store: Store,
    /// Says what passes.
    pub admission: Arc<Admission>,
    /// Says what may be deployed.
    pub gate: Arc<Gate>,
    /// The memory for components in hand.
    pub room: ComponentRoom,
    /// The name of this replica.
    pub replica: String,
    /// How long the replicas have to report on a release.
    pub deploy_patience: Duration,
    /// How long a release that is promoted falls back by itself if it fails.
    pub probation: Duration,
    /// When a trial counts as good or bad.
    pub judgement: JudgementSettings,
    /// How many releases of a place are kept, if nobody says otherwise.
    pub releases_kept: u32,
    /// What waits ends when the service stops.
    pub stopping: StopDeadline,
}

/// Who changes something, and why.
pub(super) fn change(caller: &Caller, message: &str) -> Result<Change, ApiError> {
    let why = input::message(message)?.to_owned();
    Ok(Change { who: caller.name.clone(), why, details: "{}".to_owned() })
}
