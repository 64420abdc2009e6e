//! How often a replaced refresh token was answered again. A repeat writes nothing, so the count is
//! this process's own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// A page loads tens of resources, not hundreds.
const MOST: u32 = 100;
/// Above that, what is over is forgotten first; what is then too much is not counted.
const MOST_TOKENS: usize = 10_000;

#[derive(Default)]
pub struct Repeats(Mutex<HashMap<String, (u32, Timestamp)>>);

impl Repeats {
    /// Counts one; false once there were too many.
    pub fn allow(&self, token_id: &str, window_ends_at: Timestamp, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_TOKENS {
            counts.retain(|_, (_, until)| *until > now);
            if counts.len() >= MOST_TOKENS {
                // More pages at once than can be counted: nobody is logged out for that.
                return counts.get(token_id).is_none_or(|(count, _)| *count < MOST);
            }
        }
        let (count, _) = counts.entry(token_id.to_owned()).or_insert((0, window_ends_at));
        *count += 1;
        *count <= MOST
    }
}
