//! Waiting for conditions. A deadline says that something hangs; it is never a measurement.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// Far longer than anything takes, also on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(3);

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < end, "within {DEADLINE:?} this did not come about: {what}");
        sleep(Duration::from_millis(15)).await;
    }
}

/// The outcome of something that must end by itself.
pub(crate) async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work)
        .await
        .unwrap_or_else(|_| panic!("within {DEADLINE:?} this did not end: {what}"))
}
