//! The cleaner: deletes what has expired, and measures what policies keep.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::StoreError;

const EVERY: Duration = Duration::from_mins(1);

/// Cleans once a minute until it is told to stop.
pub async fn clean(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = clean_once(&app).await {
            tracing::error!(%error, "expired rows could not be deleted; the next try is in a minute");
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

/// Reads the database's clock, looks for bcrypt hashes, and deletes all that has expired by now.
pub async fn clean_once(app: &App) -> Result<(), StoreError> {
    let store = &app.services.store;
    store.set_clock().await?;
    app.services.passwords.expect_bcrypt(store.bcrypt_cost().await?);
    let cleaned = loop {
        match store.clean(app.config.outbox_retention).await {
            Ok(0) => break Ok(()),
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break Err(error),
        }
    };
    app.services.storage_sizes.measure(store).await?;
    cleaned
}
