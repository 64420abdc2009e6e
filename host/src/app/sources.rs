//! Where policies come from: what the registry says is active, and the policy directory.

use std::time::Duration;

use crate::policy::releases::{Follower, PinFault};
use crate::policy::serving::PolicyDirectory;

/// Where policies come from.
pub struct Sources {
    pub follower: Follower,
    pub directory: PolicyDirectory,
}

impl Sources {
    /// At a start: the registry first, then what the directory has beyond it. Waits so long where
    /// nothing serves meanwhile.
    pub async fn load(&mut self, patience: Duration) -> Result<(), PinFault> {
        self.follower.load(patience).await?;
        self.directory.load().await;
        self.directory.settled(patience).await;
        Ok(())
    }
}
