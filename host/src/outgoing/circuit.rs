//! A circuit breaker for one origin: who fails or is slow again and again is left alone for a
//! while, and then tried by one request.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which a circuit opens.
const FAILURES: u32 = 5;
/// How long it stays open at first; each failed try doubles that.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MOST_PAUSE: Duration = Duration::from_mins(1);

/// What a request says about who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Bad,
    /// It was ended before one could tell.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        pause: Duration,
    },
    /// One request tries.
    Tried {
        pause: Duration,
    },
}

/// The circuit of one origin.
#[derive(Debug)]
pub(super) struct Circuit(State);

/// What a request has to tell at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Usual,
    /// It tries whether the other side is back.
    Trial,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self(State::Closed { failures: 0 })
    }

    /// Lets a request through, or says how long to wait.
    pub(super) fn enter(&mut self, now: Instant) -> Result<Pass, Duration> {
        match self.0 {
            State::Closed { .. } => Ok(Pass::Usual),
            State::Open { until, .. } if now < until => Err(until - now),
            State::Open { pause, .. } => {
                self.0 = State::Tried { pause };
                Ok(Pass::Trial)
            }
            // It is told apart soon.
            State::Tried { .. } => Err(FIRST_PAUSE),
        }
    }

    /// Every request that was let through says how it went.
    pub(super) fn leave(&mut self, pass: Pass, verdict: Verdict, now: Instant) {
        self.0 = match (pass, self.0, verdict) {
            (Pass::Trial, State::Tried { .. }, Verdict::Good)
            | (Pass::Usual, State::Closed { .. }, Verdict::Good) => State::Closed { failures: 0 },
            (Pass::Trial, State::Tried { pause }, Verdict::Bad) => {
                let pause = (pause * 2).min(MOST_PAUSE);
                State::Open { until: now + pause, pause }
            }
            (Pass::Trial, State::Tried { pause }, Verdict::Unknown) => {
                State::Open { until: now, pause }
            }
            (Pass::Usual, State::Closed { failures }, Verdict::Bad) if failures + 1 < FAILURES => {
                State::Closed { failures: failures + 1 }
            }
            (Pass::Usual, State::Closed { .. }, Verdict::Bad) => {
                State::Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE }
            }
            // One that began before the circuit opened tells nothing new.
            (_, state, _) => state,
        };
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.0, State::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Circuit {
        let mut circuit = Circuit::new();
        for _ in 0..FAILURES {
            assert_eq!(circuit.enter(now), Ok(Pass::Usual));
            circuit.leave(Pass::Usual, Verdict::Bad, now);
        }
        assert!(!circuit.is_closed());
        circuit
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_before() {
        let now = Instant::now();
        let mut circuit = Circuit::new();
        for _ in 0..10 {
            for verdict in [Verdict::Bad; FAILURES as usize - 1] {
                circuit.leave(Pass::Usual, verdict, now);
            }
            circuit.leave(Pass::Usual, Verdict::Unknown, now);
            assert!(circuit.is_closed());
            circuit.leave(Pass::Usual, Verdict::Good, now);
        }
        assert_eq!(opened(now).enter(now), Err(FIRST_PAUSE));
    }

    #[test]
    fn one_request_tries_and_the_pause_doubles_up_to_its_bound() {
        let mut now = Instant::now();
        let mut circuit = opened(now);
        let mut pause = FIRST_PAUSE;
        for _ in 0..10 {
            assert_eq!(circuit.enter(now + pause / 2), Err(pause / 2));
            now += pause;
            assert_eq!(circuit.enter(now), Ok(Pass::Trial));
            circuit.enter(now).expect_err("one tries already");
            // Those that began before it opened change nothing.
            circuit.leave(Pass::Usual, Verdict::Good, now);
            circuit.leave(Pass::Usual, Verdict::Bad, now);
            circuit.leave(Pass::Trial, Verdict::Bad, now);
            pause = (pause * 2).min(MOST_PAUSE);
        }
        assert_eq!(pause, MOST_PAUSE);
        now += pause;
        assert_eq!(circuit.enter(now), Ok(Pass::Trial));
        circuit.leave(Pass::Trial, Verdict::Good, now);
        assert_eq!(circuit.enter(now), Ok(Pass::Usual));
    }

    #[test]
    fn a_try_that_was_ended_leaves_the_turn_to_the_next_one() {
        let now = Instant::now();
        let mut circuit = opened(now);
        let now = now + FIRST_PAUSE;
        for _ in 0..3 {
            assert_eq!(circuit.enter(now), Ok(Pass::Trial));
            circuit.leave(Pass::Trial, Verdict::Unknown, now);
        }
        assert_eq!(circuit.enter(now), Ok(Pass::Trial));
    }
}
