//! Where policies come from: what the registry says is active, and the policy directory.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::policy::releases::{Follower, PinFault};
use crate::policy::serving::PolicyDirectory;
use crate::policy::trust::Gate;

/// Where policies come from.
pub struct Sources {
    pub follower: Follower,
    pub directory: PolicyDirectory,
    pub gate: Arc<Gate>,
}

impl Sources {
    /// At a start: the registry first, then what the directory has beyond it. Waits so long where
    /// nothing serves meanwhile.
    pub async fn load(&mut self, patience: Duration) -> Result<(), PinFault> {
        // A start may wait for long: a key that is withdrawn meanwhile counts no more.
        let loaded = CancellationToken::new();
        let _until_loaded = loaded.clone().drop_guard();
        let gate = Arc::clone(&self.gate);
        tokio::spawn(async move { gate.follow(loaded).await });
        self.follower.load(patience).await?;
        self.directory.load().await;
        self.directory.settled(patience).await;
        Ok(())
    }
}
