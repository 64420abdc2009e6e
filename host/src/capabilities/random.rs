//! `random`: randomness that is fit for secrets.

use super::state::{CallState, RandomBytes};
use crate::contract::TrappableFailure;
use crate::contract::bindings::random;
use crate::keys;
use crate::numbers::grouped;

impl random::Host for CallState {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>, TrappableFailure> {
        self.budget.charge(&self.limits)?;
        let most = self.limits.random_bytes;
        if !(1..=most).contains(&count) {
            return Err(TrappableFailure::limit(format!(
                "1 to {} random bytes",
                grouped(most.into())
            )));
        }
        if let Some(answer) = self.journal.answer(|| RandomBytes(count)) {
            return answer;
        }
        let mut bytes = vec![0; count as usize];
        keys::fill_random(&mut bytes);
        let answer = Ok(bytes);
        self.journal.note(|| RandomBytes(count), &answer);
        answer
    }
}
