//! What waits and what was given up, in the metrics, whether or not anything can be published. It
//! measures once a second, and less often if counting takes long: it must not cost the database
//! more than what it measures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::metrics::RelayMetrics;
use crate::clock::Clock;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(1);
const AT_LEAST_EVERY: Duration = Duration::from_secs(10);

/// Measures until it is told to stop.
pub(super) async fn measure(
    store: Store,
    clock: Clock,
    metrics: Arc<RelayMetrics>,
    stop: CancellationToken,
) {
    let (mut up, mut oldest) = (true, None);
    while !stop.is_cancelled() {
        let begun = Instant::now();
        match store.outbox_backlog().await {
            Ok(backlog) => {
                metrics.pending.set(backlog.pending);
                metrics.dead.set(backlog.dead);
                oldest = backlog.oldest_created_at;
                up = true;
            }
            Err(error) => {
                // Once: the same line every second would hide the others.
                if std::mem::replace(&mut up, false) {
                    tracing::warn!(%error, "the events that wait cannot be counted");
                }
            }
        }
        // Also while the database is away: what waited there goes on waiting.
        #[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
        let age = oldest.map_or(0.0, |oldest| (clock.now() - oldest).max(0) as f64 / 1000.0);
        metrics.oldest_age.set(age);
        let pause = if up { (begun.elapsed() * 20).clamp(EVERY, AT_LEAST_EVERY) } else { EVERY };
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}
