//! What an operator says of this replica and of deployments.

use std::time::Duration;

use super::pin::Pin;
use crate::policy::serving::Writers;

/// What an operator says of this replica and of deployments.
#[derive(Debug, Clone)]
pub struct ReleaseSettings {
    /// What people call this replica.
    pub replica_name: String,
    /// What it serves whatever the registry says.
    pub pins: Vec<Pin>,
    /// Who may write to the file of a pinned release.
    pub writers: Writers,
    /// How long a fresh release falls back by itself if it fails; zero: never.
    pub probation: Duration,
    /// How long replicas have to report on a deployment.
    pub deploy_timeout: Duration,
}
