//! What repeats with every request, such as an outage: a line a second, with the number of those
//! that were left out. The others are there at the level debug.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

const EVERY_MILLISECONDS: u64 = 1000;

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One place in the code whose line may repeat.
#[derive(Debug)]
pub struct Rarely {
    /// When a line may come again, in milliseconds of this process.
    next: AtomicU64,
    left_out: AtomicU64,
}

impl Rarely {
    #[expect(clippy::new_without_default, reason = "it is a static's value")]
    pub const fn new() -> Self {
        Self { next: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// Whether the line may be written now, and how many were left out before it.
    pub fn turn(&self) -> Option<u64> {
        self.turn_at(u64::try_from(BEGIN.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn turn_at(&self, now: u64) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let takes = || {
            let after = now.saturating_add(EVERY_MILLISECONDS);
            self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if now >= next && takes() {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// `rarely!(error, %error, "…")` is `tracing::error!(%error, "…")`, at most once a second in this
/// place; with `rarely!(PLACE => error, …)` the place is a [`Rarely`] that several lines share.
macro_rules! rarely {
    ($place:expr => $level:ident, $($line:tt)+) => {
        match $crate::telemetry::Rarely::turn(&$place) {
            Some(0) => tracing::$level!($($line)+),
            Some(left_out) => tracing::$level!(left_out, $($line)+),
            None => tracing::debug!($($line)+),
        }
    };
    ($level:ident, $($line:tt)+) => {{
        static PLACE: $crate::telemetry::Rarely = $crate::telemetry::Rarely::new();
        $crate::telemetry::rarely!(PLACE => $level, $($line)+)
    }};
}
pub(crate) use rarely;

#[cfg(test)]
mod tests {
    use super::Rarely;

    #[test]
    fn one_line_a_second_and_the_next_one_says_how_many_were_left_out() {
        let place = Rarely::new();
        assert_eq!(place.turn_at(5), Some(0));
        for now in [5, 6, 1004] {
            assert_eq!(place.turn_at(now), None);
        }
        assert_eq!(place.turn_at(1005), Some(3));
        assert_eq!(place.turn_at(1006), None);
        assert_eq!(place.turn_at(60_000), Some(1));
        assert_eq!(place.turn_at(120_000), Some(0));
    }

    #[test]
    fn of_many_at_once_one_has_the_turn() {
        let place = Rarely::new();
        let turns = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..1000).filter(|_| place.turn_at(7).is_some()).count()))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).sum::<usize>()
        });
        assert_eq!(turns, 1);
        assert_eq!(place.turn_at(1007), Some(7999));
    }
}
