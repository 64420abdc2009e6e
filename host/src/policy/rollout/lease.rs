//! For how long candidates may be tried without word from the registry. Whoever is cut off from it
//! cannot hear that one was taken out, and must not go on for ever.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Renewed whenever the registry was asked. It runs out by itself: nobody has to be awake for it.
#[derive(Debug)]
pub struct Lease {
    born: Instant,
    /// In milliseconds since then; 0 before the registry was first asked.
    until: AtomicU64,
}

impl Lease {
    /// A replica that asks twice a second has missed several answers by then; and what somebody
    /// aborts is over everywhere within 5 s.
    pub const LENGTH: Duration = Duration::from_secs(4);

    /// One that has run out.
    #[expect(clippy::new_without_default, reason = "it begins at a moment")]
    pub fn new() -> Self {
        Self { born: Instant::now(), until: AtomicU64::new(0) }
    }

    /// The registry has answered what it was asked at that moment.
    pub fn renew(&self, asked: Instant) {
        let until = (asked + Self::LENGTH).saturating_duration_since(self.born);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until.fetch_max(until, Ordering::Relaxed);
    }

    /// Whether candidates may be tried now.
    pub fn holds(&self) -> bool {
        self.holds_at(Instant::now())
    }

    fn holds_at(&self, now: Instant) -> bool {
        let until = Duration::from_millis(self.until.load(Ordering::Relaxed));
        now.saturating_duration_since(self.born) < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_by_itself_after_the_last_question_that_was_answered() {
        let lease = Lease::new();
        assert!(!lease.holds(), "before the registry was asked");
        let asked = Instant::now();
        let after = |milliseconds| asked + Duration::from_millis(milliseconds);
        lease.renew(asked);
        assert!(lease.holds_at(after(3_900)));
        assert!(!lease.holds_at(after(4_100)), "however long the answer took");
        lease.renew(after(2_000));
        lease.renew(asked);
        assert!(lease.holds_at(after(5_900)), "an older answer takes nothing away");
    }
}
