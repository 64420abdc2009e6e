//! The time for which a lane holds what it leased. After its end somebody else may send the same
//! events, so no publication is begun in its second half.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// How long a lane holds what it leased, beside twice the time limit of confirms. A crash delays
/// its events by that.
const LEASE: Duration = Duration::from_secs(5);

/// The length of each lease.
pub(super) fn length(confirm_timeout: Duration) -> Duration {
    LEASE + 2 * confirm_timeout
}

/// What a lane leased is its own for a while.
#[derive(Clone, Copy)]
pub(super) struct Lease {
    pub(super) owner: Uuid,
    begun: Instant,
    length: Duration,
}

impl Lease {
    /// Begins now. The database is asked after that: a lease of ours never ends after the one that
    /// it wrote down.
    pub(super) fn begin(owner: Uuid, length: Duration) -> Self {
        Self { owner, begun: Instant::now(), length }
    }

    /// What is begun past this could be confirmed after the end, when somebody else sends it as
    /// well.
    pub(super) fn half(&self) -> Instant {
        self.begun + self.length / 2
    }

    pub(super) fn end(&self) -> Instant {
        self.begun + self.length
    }
}
