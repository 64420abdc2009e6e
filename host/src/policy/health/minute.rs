//! How many calls there were in the last minute. Nothing is done for it in a call: who asks, about
//! once a second, leaves a mark of what was counted until then.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
/// Marks are at least so far from each other, so that there are few.
const BETWEEN: Duration = Duration::from_millis(900);

/// Marks of the last minute, and the last one before it.
#[derive(Debug, Default)]
pub(super) struct Minute(VecDeque<(Instant, u64)>);

impl Minute {
    /// Begins with what was counted until now.
    pub(super) fn begin(&mut self, now: Instant, counted: u64) {
        self.0.clear();
        self.0.push_back((now, counted));
    }

    /// What was counted in the last minute, or since the beginning.
    pub(super) fn calls(&mut self, now: Instant, counted: u64) -> u64 {
        let old = |(at, _): &(Instant, u64)| now.duration_since(*at) >= MINUTE;
        while self.0.get(1).is_some_and(old) {
            self.0.pop_front();
        }
        if self.0.back().is_none_or(|(at, _)| now.duration_since(*at) >= BETWEEN) {
            self.0.push_back((now, counted));
        }
        let before = self.0.front().map_or(counted, |(_, before)| *before);
        counted.saturating_sub(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_slides_and_few_marks_are_kept() {
        let (begin, mut minute) = (Instant::now(), Minute::default());
        minute.begin(begin, 100);
        for tenth in 1..=6000 {
            let counted = 100 + tenth;
            let now = begin + Duration::from_millis(100 * tenth);
            let calls = minute.calls(now, counted);
            let expected = tenth.min(600);
            assert!(calls >= expected && calls <= expected + 10, "{calls} at {tenth}");
            assert!(minute.0.len() <= 70, "{} marks", minute.0.len());
        }
        minute.begin(begin + Duration::from_secs(601), 7000);
        assert_eq!(minute.calls(begin + Duration::from_secs(602), 7003), 3);
    }
}
