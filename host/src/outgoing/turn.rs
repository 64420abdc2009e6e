//! Turns: how many requests of a place are under way, how many of them to one origin, and whether
//! that origin is left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::circuit::{Circuit, Pass, Verdict};
use super::metrics::OutgoingMetrics;
use super::outcome::Outcome;

/// A request that was given less time than this and not answered tells nothing about who was asked.
/// What it was given counts, and not what passed: a host without processors passes time, too.
const FAIR_TIME: Duration = Duration::from_millis(200);
/// Origins of a place that are remembered while nothing is wrong with them.
const ORIGINS: usize = 256;

/// The turns of a place.
pub(super) struct Turns {
    place: &'static str,
    permits: Arc<Semaphore>,
    /// Of one origin: a slow one leaves a quarter to the others.
    of_origin: usize,
    origins: Mutex<HashMap<String, Arc<Origin>>>,
    metrics: Arc<OutgoingMetrics>,
}

struct Origin {
    permits: Arc<Semaphore>,
    circuit: Mutex<Circuit>,
}

/// The right to send one request. At its end it tells the circuit and the metrics, also if the
/// caller went away.
pub(super) struct Turn {
    turns: Arc<Turns>,
    name: String,
    origin: Arc<Origin>,
    pass: Pass,
    /// How long it may take.
    time: Duration,
    begun: Instant,
    ended: bool,
    _permits: [OwnedSemaphorePermit; 2],
}

/// Why there is no turn: the word, and the time after which there may be one.
pub(super) type NoTurn = (Outcome, Duration);

impl Turns {
    pub(super) fn new(
        place: &'static str,
        at_once: usize,
        metrics: &Arc<OutgoingMetrics>,
    ) -> Arc<Self> {
        metrics.under_way.with_label_values(&[place]).set(0);
        Arc::new(Self {
            place,
            permits: Arc::new(Semaphore::new(at_once)),
            of_origin: (at_once * 3 / 4).max(1),
            origins: Mutex::default(),
            metrics: Arc::clone(metrics),
        })
    }

    /// At once, or not at all; for a request that may take so long.
    pub(super) fn take(self: &Arc<Self>, name: String, time: Duration) -> Result<Turn, NoTurn> {
        let origin = self.origin(&name);
        let taken = self.permits(&origin).and_then(|permits| {
            let mut circuit = origin.circuit.lock().unwrap_or_else(PoisonError::into_inner);
            let pass = circuit.enter(Instant::now());
            pass.map(|pass| (pass, permits)).map_err(|wait| (Outcome::CircuitOpen, wait))
        });
        match taken {
            Ok((pass, permits)) => {
                self.metrics.under_way.with_label_values(&[self.place]).inc();
                Ok(Turn {
                    turns: Arc::clone(self),
                    name,
                    origin,
                    pass,
                    time,
                    begun: Instant::now(),
                    ended: false,
                    _permits: permits,
                })
            }
            Err((outcome, wait)) => {
                self.count(&name, outcome);
                Err((outcome, wait))
            }
        }
    }

    fn permits(&self, origin: &Origin) -> Result<[OwnedSemaphorePermit; 2], NoTurn> {
        let take = |permits: &Arc<Semaphore>| Arc::clone(permits).try_acquire_owned().ok();
        let both = take(&self.permits).zip(take(&origin.permits));
        both.map(Into::into).ok_or((Outcome::Busy, Duration::from_secs(1)))
    }

    fn origin(&self, name: &str) -> Arc<Origin> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = origins.get(name) {
            return Arc::clone(origin);
        }
        if origins.len() >= ORIGINS {
            // Those of grants that were removed since.
            origins.retain(|_, origin| Arc::strong_count(origin) > 1 || !origin.is_closed());
        }
        let permits = Arc::new(Semaphore::new(self.of_origin));
        let origin = Arc::new(Origin { permits, circuit: Mutex::new(Circuit::new()) });
        origins.insert(name.to_owned(), Arc::clone(&origin));
        origin
    }

    /// Says who is left alone, as it is now: a pause ends without anybody's doing.
    pub(super) fn measure(&self) {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        for (name, origin) in origins.iter() {
            let circuit = origin.circuit.lock().unwrap_or_else(PoisonError::into_inner);
            let labels = [self.place, name.as_str()];
            let open = circuit.is_left_alone(now).into();
            self.metrics.circuit_open.with_label_values(&labels).set(open);
        }
    }

    fn count(&self, origin: &str, outcome: Outcome) {
        let labels = [self.place, origin, outcome.word()];
        self.metrics.requests.with_label_values(&labels).inc();
    }
}

impl Origin {
    fn is_closed(&self) -> bool {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner).is_closed()
    }
}

impl Turn {
    /// With what became of the request.
    pub(super) fn end(mut self, outcome: Outcome) {
        self.note(outcome);
    }

    fn note(&mut self, outcome: Outcome) {
        self.ended = true;
        let (now, turns) = (Instant::now(), &self.turns);
        let verdict = verdict(outcome, self.time);
        {
            let mut circuit = self.origin.circuit.lock().unwrap_or_else(PoisonError::into_inner);
            circuit.leave(self.pass, verdict, now);
        }
        turns.count(&self.name, outcome);
        let labels = [turns.place, self.name.as_str()];
        let seconds = (now - self.begun).as_secs_f64();
        turns.metrics.seconds.with_label_values(&labels).observe(seconds);
        turns.metrics.under_way.with_label_values(&[turns.place]).dec();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.ended {
            self.note(Outcome::Abandoned);
        }
    }
}

/// An answer is one, whatever its status: the policy judges it. What lies in how a release asks or
/// in what it was granted is never held against who was asked: another release asks there, too.
fn verdict(outcome: Outcome, time: Duration) -> Verdict {
    match outcome {
        Outcome::Answered | Outcome::Redirect | Outcome::TooLarge | Outcome::Encoding => {
            Verdict::Good
        }
        Outcome::Timeout if time < FAIR_TIME => Verdict::Unknown,
        // It was under way, and nobody waited for the end; or it was not asked.
        Outcome::Abandoned | Outcome::ForbiddenAddress | Outcome::Busy | Outcome::CircuitOpen => {
            Verdict::Unknown
        }
        Outcome::Unresolved
        | Outcome::Unreachable
        | Outcome::Certificate
        | Outcome::Timeout
        | Outcome::Broken => Verdict::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Meter;

    #[test]
    fn a_time_out_counts_by_the_time_that_was_given() {
        assert_eq!(verdict(Outcome::Timeout, FAIR_TIME / 2), Verdict::Unknown);
        assert_eq!(verdict(Outcome::Timeout, FAIR_TIME), Verdict::Bad);
    }

    #[test]
    fn what_a_request_was_given_is_what_its_turn_goes_by() {
        let metrics = Arc::new(OutgoingMetrics::new(&Meter::new().unwrap()).unwrap());
        let turns = Turns::new("login", 4, &metrics);
        let take = |time| turns.take("https://risk.test".to_owned(), time);
        for _ in 0..10 {
            take(Duration::from_millis(100)).unwrap().end(Outcome::Timeout);
        }
        for _ in 0..5 {
            take(Duration::from_secs(1)).unwrap().end(Outcome::Timeout);
        }
        assert!(matches!(take(Duration::from_secs(1)), Err((Outcome::CircuitOpen, _))));
    }
}
