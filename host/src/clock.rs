//! Time, passed in: nothing else in the host reads the system's clock for a decision, so expiry and rotation are plain tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, UTC: the form in which times are stored.
pub type Timestamp = i64;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test moves: the machine's, plus this many milliseconds.
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that [`Clock::advance`] can move.
    pub fn shifted() -> Self {
        Self::Shifted(Arc::default())
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, milliseconds);
        match self {
            Self::System => system,
            Self::Shifted(by) => system + by.load(Ordering::SeqCst),
        }
    }

    /// Moves a shifted clock forward; the machine's own clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Shifted(shift) = self {
            shift.fetch_add(milliseconds(by), Ordering::SeqCst);
        }
    }
}

/// A duration as milliseconds, saturating.
pub fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
