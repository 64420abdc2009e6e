//! `http`: how many requests a call has sent, and how long their answers may take.

use std::time::Duration;

use tokio::time::Instant;

use crate::contract::{HttpLimits, TrappableFailure};
use crate::numbers::grouped;

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

    /// How long an answer may take: as long as the policy says, and never so long that it could not
    /// decide without it.
    pub(crate) fn time(
        &self,
        asked: Option<Duration>,
        now: Instant,
        limits: &HttpLimits,
    ) -> Result<Duration, TrappableFailure> {
        let milliseconds = |number: u32| Duration::from_millis(number.into());
        let most = milliseconds(limits.most_milliseconds);
        let asked = asked.unwrap_or(milliseconds(limits.usual_milliseconds));
        if asked.is_zero() || asked > most {
            return Err(TrappableFailure::limit(format!(
                "a request waits 1 to {} ms for its answer",
                grouped(limits.most_milliseconds.into())
            )));
        }
        let left = self.call_ends.map(|end| {
            let spared = milliseconds(limits.spared_milliseconds);
            end.saturating_duration_since(now).saturating_sub(spared)
        });
        Ok(left.map_or(asked, |left| asked.min(left)))
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
    fn an_answer_is_awaited_as_long_as_asked_and_a_decision_is_still_possible_after_it() {
        let (mut sent, limits, now) = (Sent::default(), HttpLimits::default(), Instant::now());
        let time = |sent: &Sent, asked: Option<u32>, passed: u32| {
            let asked = asked.map(|asked| asked * MILLISECOND);
            sent.time(asked, now + passed * MILLISECOND, &limits).ok()
        };
        for (asked, expected) in [
            (None, Some(1000)),
            (Some(1), Some(1)),
            (Some(3000), Some(3000)),
            (Some(0), None),
            (Some(3001), None),
        ] {
            assert_eq!(time(&sent, asked, 0), expected.map(|most| most * MILLISECOND), "{asked:?}");
        }
        sent.ends_at(now + 1500 * MILLISECOND);
        for (asked, passed, expected) in
            [(None, 0, 1000), (Some(3000), 0, 1400), (None, 1450, 0), (None, 2900, 0)]
        {
            assert_eq!(time(&sent, asked, passed), Some(expected * MILLISECOND), "{asked:?}");
        }
    }
}
