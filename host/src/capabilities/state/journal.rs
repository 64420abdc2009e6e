//! What the host answered in a call, so that a shadow of it gets the same answers: by function and
//! arguments.

use std::sync::Arc;

use crate::contract::{Attempt, Request};
use crate::store::Writes;

/// Writes down what a call is answered. It outlives the call, also one that was spoiled; clones
/// share it.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<()>);

/// An attempt with all that the host answered in its call: what a shadow runs on. It holds the
/// password, as the attempt does.
pub struct Recording {}

impl Recorder {
    /// For a call of this attempt.
    pub fn new(_request: &Request, _attempt: &Attempt) -> Self {
        Self::default()
    }

    /// All of it, and what the call wrote: a shadow that reads something of that cannot be
    /// compared. None if it is more than is kept for a shadow.
    pub fn recorded(self, _writes: &Writes) -> Option<Recording> {
        todo!()
    }
}
