//! What a group of calls came to in this process. One person counts for a few calls a minute only,
//! so that nobody who asks again and again weighs more than others.

use std::time::Duration;

use crate::policy::health::Cause;
use crate::store::registry::Counted;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome<'c> {
    Accepted,
    Refused(&'c str),
    Fault(Cause),
    /// The host could not do its part.
    Failed,
}

/// A call, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'c> {
    /// A keyed hash of the person.
    pub subject: u32,
    /// A keyed hash of the network that the call came from, if it is known.
    pub network: Option<u32>,
    pub outcome: CallOutcome<'c>,
    pub time: Duration,
}

/// What a group of calls came to.
#[derive(Debug, Default)]
pub struct GroupCounts {}

impl GroupCounts {
    /// Counts a call.
    pub fn count(&self, _call: &Observed<'_>) {}

    /// So far.
    pub fn figures(&self) -> Counted {
        Counted::default()
    }
}
