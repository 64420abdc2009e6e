//! A shadow: a candidate runs on an attempt that was decided already, with the answers that the
//! host gave then, on a budget of its own. Nothing that it writes is kept.

use std::sync::Arc;

use tokio::time::Instant;

use super::call::Decision;
use super::generation::Generation;
use crate::capabilities::{CallState, Recording, Services};
use crate::contract::Contract;
use crate::policy::health::Cause;

/// What came of a shadow.
pub enum Shadowed<A> {
    /// It decided; the state holds what it would have written.
    Decided(Decision<A>, Box<CallState>),
    /// It spoiled the call.
    Fault(Cause),
    /// It asked what cannot be answered as it was then: a word that says what.
    NotComparable(&'static str),
    /// The host had no room for it: a word that says what for.
    Skipped(&'static str),
}

/// Runs a candidate on a recorded attempt.
pub async fn shadow<C: Contract>(
    _candidate: &Generation,
    _services: &Arc<Services>,
    _recording: &Recording,
    _deadline: Instant,
) -> Shadowed<C::Acceptance> {
    todo!()
}

impl Generation {
    /// The same release, with a budget of its own for shadows.
    #[must_use]
    pub fn shadowed(&self) -> Self {
        Self {
            identity: Arc::clone(&self.identity),
            code: Arc::clone(&self.code),
            profile: Arc::clone(&self.profile),
            counts: Arc::clone(&self.counts),
        }
    }
}
