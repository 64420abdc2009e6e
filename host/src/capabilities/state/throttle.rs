//! `throttle`: the keys that a call forgets with its acceptance.

use crate::contract::{ThrottleLimits, TrappableFailure};

/// Hashed keys that wait for the decision.
#[derive(Debug, Default)]
pub struct Clears(pub(super) Vec<Vec<u8>>);

impl Clears {
    /// Fails if there is no room for so many more.
    pub(crate) fn has_room(
        &self,
        more: usize,
        limits: &ThrottleLimits,
    ) -> Result<(), TrappableFailure> {
        if self.0.len() + more > limits.clears {
            return Err(TrappableFailure::limit(format!(
                "at most {} keys forgotten in a call",
                limits.clears
            )));
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, key: Vec<u8>) {
        self.0.push(key);
    }
}
