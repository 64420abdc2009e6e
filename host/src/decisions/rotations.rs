//! How often each session got new tokens in its minute. A rotation writes a row and signs a token,
//! so a client that refreshes in a loop is slowed down; the count is this process's own, because a
//! statement for it would cost every refresh. What a rotation was refused for is not counted, and
//! neither is a repeat: a page's burst with one token is one rotation.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// Milliseconds from a session's first counted rotation until it is counted anew.
const WINDOW: Timestamp = 60_000;
/// Sessions that are counted at once; of more than that, further ones are not: nobody is logged out
/// for the number of others.
const MOST_SESSIONS: usize = 100_000;

/// What a rotation may do.
#[derive(Debug, PartialEq, Eq)]
pub enum Allowance {
    /// There is room in the session's minute.
    Rotate,
    /// There is none, but this very token was the last to be rotated: whoever asks belongs to its
    /// burst and gets its answer.
    Repeat,
    /// There is none; there will be after so many seconds.
    Wait(u32),
}

/// The counts. Sessions and tokens are known by a keyed hash: a row takes few bytes, whatever an
/// identifier looks like.
pub struct Rotations {
    most: u32,
    hashes: RandomState,
    counted: Mutex<Counted>,
}

/// Two halves, so that forgetting costs nothing: what was begun before the older one is over.
#[derive(Default)]
struct Counted {
    this: HashMap<u64, Count>,
    before: HashMap<u64, Count>,
    this_since: Timestamp,
}

#[derive(Clone, Copy)]
struct Count {
    begun: Timestamp,
    rotations: u32,
    last_token: u64,
}

impl Rotations {
    pub fn new(most: u32) -> Self {
        Self { most, hashes: RandomState::new(), counted: Mutex::default() }
    }

    /// Whether a session may get new tokens now. Nothing is counted by asking.
    pub fn allowance(&self, session_id: &str, token_id: &str, now: Timestamp) -> Allowance {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.of(self.hashes.hash_one(session_id), now) {
            Some(count) if count.rotations >= self.most => {
                if count.last_token == self.hashes.hash_one(token_id) {
                    return Allowance::Repeat;
                }
                let left = count.begun + WINDOW - now;
                Allowance::Wait(u32::try_from((left + 999) / 1000).unwrap_or(1).max(1))
            }
            _ => Allowance::Rotate,
        }
    }

    /// Counts a rotation that was carried out.
    pub fn count(&self, session_id: &str, token_id: &str, now: Timestamp) {
        let session = self.hashes.hash_one(session_id);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count =
            counted.of(session, now).unwrap_or(Count { begun: now, rotations: 0, last_token: 0 });
        count.rotations = count.rotations.saturating_add(1);
        count.last_token = self.hashes.hash_one(token_id);
        counted.forget(now);
        if counted.this.len() < MOST_SESSIONS || counted.this.contains_key(&session) {
            counted.this.insert(session, count);
        }
    }
}

impl Counted {
    /// A session's count, if its minute is not over. A clock that was set back begins a new one.
    fn of(&self, session: u64, now: Timestamp) -> Option<Count> {
        let count = self.this.get(&session).or_else(|| self.before.get(&session))?;
        (count.begun..count.begun + WINDOW).contains(&now).then_some(*count)
    }

    fn forget(&mut self, now: Timestamp) {
        if !(self.this_since..self.this_since + WINDOW).contains(&now) {
            self.before = std::mem::take(&mut self.this);
            self.this_since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_waits_to_the_second_and_another_does_not() {
        let rotations = Rotations::new(2);
        rotations.count("a", "1", 0);
        rotations.count("a", "2", 10_000);
        assert_eq!(rotations.allowance("a", "3", 10_000), Allowance::Wait(50));
        assert_eq!(rotations.allowance("a", "3", 10_001), Allowance::Wait(50));
        assert_eq!(rotations.allowance("a", "3", 59_999), Allowance::Wait(1));
        assert_eq!(rotations.allowance("a", "3", 60_000), Allowance::Rotate);
        assert_eq!(rotations.allowance("b", "3", 10_000), Allowance::Rotate);
    }

    #[test]
    fn what_belongs_to_the_burst_of_the_last_rotation_does_not_wait() {
        let rotations = Rotations::new(1);
        rotations.count("a", "1", 0);
        assert_eq!(rotations.allowance("a", "1", 0), Allowance::Repeat);
        assert_eq!(rotations.allowance("a", "2", 0), Allowance::Wait(60));
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_over_is_forgotten() {
        let rotations = Rotations::new(1);
        for session in 0..=MOST_SESSIONS {
            rotations.count(&session.to_string(), "1", 0);
        }
        let kept = || {
            let counted = rotations.counted.lock().unwrap();
            counted.this.len() + counted.before.len()
        };
        assert_eq!(kept(), MOST_SESSIONS);
        let beyond = MOST_SESSIONS.to_string();
        assert_eq!(rotations.allowance(&beyond, "2", 0), Allowance::Rotate, "it is not counted");
        rotations.count("later", "1", 60_000);
        assert_eq!(rotations.allowance("later", "2", 60_000), Allowance::Wait(60));
        rotations.count("later still", "1", 120_000);
        assert_eq!(kept(), 2);
    }
}
