//! Limits that policies count against.

use crate::clock::Timestamp;

/// One limit to count against.
pub struct ThrottleHit {
    /// HMAC-SHA256 of slot and key.
    pub key: Vec<u8>,
    /// So many hits are kept.
    pub most: u32,
    /// A window begins with its first hit and has this length.
    pub window_seconds: u32,
}

impl ThrottleHit {
    /// When the window ends, if this hit is its first.
    pub(super) fn window_end(&self, now: Timestamp) -> Timestamp {
        now + i64::from(self.window_seconds) * 1000
    }
}

/// A counter after a hit: key, hits, end of the window.
pub(super) type Counted = (Vec<u8>, i64, Timestamp);

/// Counters as one more hit would leave them: whether there is room for it is asked like that.
pub(super) fn with_one_more(counted: Vec<Counted>) -> Vec<Counted> {
    counted.into_iter().map(|(key, hits, end)| (key, hits + 1, end)).collect()
}

/// The longest wait in milliseconds among the limits that are exceeded.
pub(super) fn longest_wait(
    hits: &[ThrottleHit],
    counted: Vec<Counted>,
    now: Timestamp,
) -> Option<i64> {
    let exceeded = |key: &[u8], count: i64| {
        hits.iter().any(|hit| hit.key == key && count > i64::from(hit.most))
    };
    counted
        .into_iter()
        .filter(|(key, count, _)| exceeded(key, *count))
        .map(|(_, _, window_ends_at)| window_ends_at - now)
        .max()
}

#[cfg(test)]
mod tests {
    use super::{ThrottleHit, longest_wait};

    #[test]
    fn of_the_limits_that_are_exceeded_the_longest_wait_counts() {
        let hit =
            |key: &str| ThrottleHit { key: key.as_bytes().to_vec(), most: 2, window_seconds: 60 };
        let hits = [hit("a"), hit("b"), hit("c")];
        let counted = |a, b| {
            let counters = [("a", a, 1_500), ("b", b, 3_000), ("c", 2, 9_000)];
            counters.map(|(key, count, end)| (key.as_bytes().to_vec(), count, end)).to_vec()
        };
        assert_eq!(longest_wait(&hits, counted(2, 1), 1_000), None);
        assert_eq!(longest_wait(&hits, counted(3, 1), 1_000), Some(500));
        assert_eq!(longest_wait(&hits, counted(3, 4), 1_000), Some(2_000));
    }
}
