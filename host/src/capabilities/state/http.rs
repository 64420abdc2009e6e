//! `http`: how many requests a call has sent, and how long their answers may take.

use std::time::Duration;

use tokio::time::Instant;

use crate::contract::{HttpLimits, TrappableFailure};

/// The requests of a call to other services.
#[derive(Debug, Default)]
pub struct Sent {
    count: u32,
    /// By then the call must have decided.
    call_ends: Option<Instant>,
}

impl Sent {
    pub(super) fn ends_at(&mut self, deadline: Instant) {
        self.call_ends = Some(deadline);
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, limits: &HttpLimits) -> Result<(), TrappableFailure> {
        self.count += 1;
        if self.count > limits.sends {
            return Err(TrappableFailure::limit(format!(
                "at most {} requests to other services in a call",
                limits.sends
            )));
        }
        Ok(())
    }

    /// How long an answer may take at the most: not so long that the policy could not decide
    /// without it.
    pub(crate) fn time_left(&self, now: Instant, limits: &HttpLimits) -> Duration {
        let spared = Duration::from_millis(limits.spared_milliseconds.into());
        let left = |end: Instant| end.saturating_duration_since(now).saturating_sub(spared);
        self.call_ends.map_or(Duration::MAX, left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn a_call_sends_only_so_many_requests() {
        let (mut sent, limits) = (Sent::default(), HttpLimits::default());
        for number in 1..=limits.sends {
            assert!(sent.count(&limits).is_ok(), "request {number}");
        }
        for _ in 0..2 {
            let Err(TrappableFailure::Limit(text)) = sent.count(&limits) else {
                panic!("one request too many");
            };
            assert_eq!(text, "at most 4 requests to other services in a call");
        }
    }

    #[test]
    fn after_the_longest_answer_a_decision_is_still_possible() {
        let (mut sent, limits, now) = (Sent::default(), HttpLimits::default(), Instant::now());
        assert_eq!(sent.time_left(now, &limits), Duration::MAX);
        sent.ends_at(now + 1500 * MILLISECOND);
        for (passed, left) in [(0, 1400), (400, 1000), (1450, 0), (2900, 0)] {
            let at = now + passed * MILLISECOND;
            assert_eq!(sent.time_left(at, &limits), left * MILLISECOND, "after {passed} ms");
        }
    }
}
