//! Which connections we trust.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a connection last broke: those that are older are not trusted, because what broke one (a
/// restart, a network that went) broke them all.
pub(super) struct Breaks {
    begun: Instant,
    last: AtomicU64,
}

impl Default for Breaks {
    fn default() -> Self {
        Self { begun: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Breaks {
    pub(super) fn note(&self) {
        self.last.store(self.now(), Ordering::Release);
    }

    /// Whether a connection of that age was made after the last break.
    pub(super) fn trust(&self, age: Duration) -> bool {
        let made = self.now().saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let last = self.last.load(Ordering::Acquire);
        last == 0 || made > last
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
