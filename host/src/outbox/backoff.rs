//! Pauses after failures: they grow exponentially up to a bound, and are spread at random, so that
//! replicas that lost the same broker at the same moment do not come back at the same moment.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::keys;

/// The pause after so many failures on end: up to five seconds. A stop ends it.
pub(super) async fn pause(failures: u32, stop: &CancellationToken) {
    if failures > 0 {
        let pause = backoff(failures, Duration::from_millis(100), Duration::from_secs(5));
        stop.run_until_cancelled(sleep(pause)).await;
    }
}

/// Exponential backoff with full jitter (at least a tenth): so long after the given number of
/// failures.
pub(super) fn backoff(failures: u32, first: Duration, most: Duration) -> Duration {
    let whole =
        first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(20))).min(most);
    let share = f64::from(u16::from_le_bytes(keys::random())) / f64::from(u16::MAX);
    whole.mul_f64(0.1 + 0.9 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_its_bound_and_is_at_least_a_tenth() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(5));
        for (failures, whole) in [(0, 100), (1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000)] {
            for _ in 0..100 {
                let pause = backoff(failures, first, most);
                assert!(pause <= Duration::from_millis(whole), "{failures}: {pause:?}");
                assert!(pause >= Duration::from_millis(whole / 10), "{failures}: {pause:?}");
            }
        }
        assert!(backoff(u32::MAX, first, most) <= most);
    }
}
