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
pub(super) struct Circuit {
    state: State,
    /// How often it has opened: a request that began before it did is told by that.
    openings: u64,
}

/// What a request has to tell at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// With the openings that it has seen.
    Usual(u64),
    /// It tries whether the other side is back.
    Trial,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self { state: State::Closed { failures: 0 }, openings: 0 }
    }

    /// Lets a request through, or says how long to wait.
    pub(super) fn enter(&mut self, now: Instant) -> Result<Pass, Duration> {
        match self.state {
            State::Closed { .. } => Ok(Pass::Usual(self.openings)),
            State::Open { until, .. } if now < until => Err(until - now),
            State::Open { pause, .. } => {
                self.state = State::Tried { pause };
                Ok(Pass::Trial)
            }
            // It is told apart soon.
            State::Tried { .. } => Err(FIRST_PAUSE),
        }
    }

    /// Every request that was let through says how it went. One that began before the circuit opened
    /// tells nothing new, also if it has closed since.
    pub(super) fn leave(&mut self, pass: Pass, verdict: Verdict, now: Instant) {
        if matches!(pass, Pass::Usual(openings) if openings != self.openings) {
            return;
        }
        self.state = match (pass, self.state, verdict) {
            (Pass::Trial, State::Tried { .. }, Verdict::Good)
            | (Pass::Usual(_), State::Closed { .. }, Verdict::Good) => {
                State::Closed { failures: 0 }
            }
            (Pass::Trial, State::Tried { pause }, Verdict::Bad) => {
                let pause = (pause * 2).min(MOST_PAUSE);
                State::Open { until: now + pause, pause }
            }
            (Pass::Trial, State::Tried { pause }, Verdict::Unknown) => {
                State::Open { until: now, pause }
            }
            (Pass::Usual(_), State::Closed { failures }, Verdict::Bad)
                if failures + 1 < FAILURES =>
            {
                State::Closed { failures: failures + 1 }
            }
            (Pass::Usual(_), State::Closed { .. }, Verdict::Bad) => {
                self.openings += 1;
                State::Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE }
            }
            (_, state, _) => state,
        };
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// Whether a request would be turned away. After the pause nobody knows until one has tried.
    pub(super) fn is_left_alone(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until, .. } => now < until,
            State::Tried { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Circuit {
        let mut circuit = Circuit::new();
        for _ in 0..FAILURES {
            assert_eq!(circuit.enter(now), Ok(Pass::Usual(0)));
            circuit.leave(Pass::Usual(0), Verdict::Bad, now);
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
                circuit.leave(Pass::Usual(0), verdict, now);
            }
            circuit.leave(Pass::Usual(0), Verdict::Unknown, now);
            assert!(circuit.is_closed());
            circuit.leave(Pass::Usual(0), Verdict::Good, now);
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
            circuit.leave(Pass::Usual(0), Verdict::Good, now);
            circuit.leave(Pass::Usual(0), Verdict::Bad, now);
            circuit.leave(Pass::Trial, Verdict::Bad, now);
            pause = (pause * 2).min(MOST_PAUSE);
        }
        assert_eq!(pause, MOST_PAUSE);
        now += pause;
        assert_eq!(circuit.enter(now), Ok(Pass::Trial));
        circuit.leave(Pass::Trial, Verdict::Good, now);
        assert_eq!(circuit.enter(now), Ok(Pass::Usual(1)));
    }

    #[test]
    fn who_has_come_back_is_not_shut_out_by_requests_from_before() {
        let now = Instant::now();
        let mut circuit = opened(now);
        let now = now + FIRST_PAUSE;
        assert_eq!(circuit.enter(now), Ok(Pass::Trial));
        circuit.leave(Pass::Trial, Verdict::Good, now);
        for _ in 0..10 {
            circuit.leave(Pass::Usual(0), Verdict::Bad, now);
        }
        assert!(circuit.is_closed());
        // Those that began since do count, as before.
        for _ in 0..FAILURES {
            assert_eq!(circuit.enter(now), Ok(Pass::Usual(1)));
            circuit.leave(Pass::Usual(1), Verdict::Bad, now);
        }
        assert!(!circuit.is_closed());
    }

    #[test]
    fn it_is_left_alone_as_long_as_it_pauses_or_is_tried() {
        let now = Instant::now();
        let mut circuit = opened(now);
        assert!(circuit.is_left_alone(now));
        let now = now + FIRST_PAUSE;
        assert!(!circuit.is_left_alone(now), "nobody asks any more, and it counts as open");
        assert_eq!(circuit.enter(now), Ok(Pass::Trial));
        assert!(circuit.is_left_alone(now));
        circuit.leave(Pass::Trial, Verdict::Good, now);
        assert!(!circuit.is_left_alone(now));
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
