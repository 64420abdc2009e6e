//! The cleaner: once a minute it deletes what has expired, and measures what policies keep.
//! Replicas may clean at the same time: the store sees to it that they leave one another's rows
//! alone.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::capabilities::StorageSizes;
use crate::passwords::PasswordHasher;
use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_mins(1);

/// All that the cleaner works with.
#[derive(Clone)]
pub struct Cleaner {
    /// Whose expired rows it deletes.
    pub store: Store,
    /// Told whether bcrypt hashes are left: until then each failed login costs one.
    pub passwords: PasswordHasher,
    /// Where it writes down how much policies keep.
    pub storage_sizes: StorageSizes,
    /// How long a published event is kept.
    pub outbox_retention: Duration,
}

impl Cleaner {
    /// Cleans once a minute until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.clean_once().await {
                tracing::error!(
                    %error,
                    "expired rows could not be deleted; the next try is in a minute"
                );
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        }
    }

    /// Reads the database's clock, looks for bcrypt hashes, and deletes all that has expired by
    /// now.
    pub async fn clean_once(&self) -> Result<(), StoreError> {
        self.store.set_clock().await?;
        self.passwords.expect_bcrypt(self.store.bcrypt_cost().await?);
        let cleaned = loop {
            match self.store.clean(self.outbox_retention).await {
                Ok(0) => break Ok(()),
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break Err(error),
            }
        };
        self.storage_sizes.measure(&self.store).await?;
        cleaned
    }
}
