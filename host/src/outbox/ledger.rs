//! What the lanes remember of events that were not published, to tell a bad event from a bad
//! broker. The rule: a fault of the broker's costs an event nothing; what the broker refuses alone,
//! while others of the same way get through, was the event's own fault.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::backoff;
use super::outcome::{Blame, Unpublished};
use crate::clock::{Timestamp, milliseconds};
use crate::events;
use crate::store::{OutboxEvent, Undelivered};

/// The longest wait of an event that its queue does not take, or that is at fault itself.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Events that are remembered: the oldest.
const REMEMBERED: usize = 10_000;

/// What is remembered, and after how many failures of its own an event is given up.
pub(super) struct Ledger {
    max_attempts: u32,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    /// When any event was last confirmed.
    confirmed: Option<Instant>,
    /// When one was that goes to the queue as well.
    confirmed_queued: Option<Instant>,
    /// The events that were refused alone, by their place in the outbox: when last, and how often.
    refused: BTreeMap<i64, (Instant, u32)>,
}

impl Ledger {
    pub(super) fn new(max_attempts: u32) -> Self {
        Self { max_attempts, entries: Mutex::default() }
    }

    /// An event got through.
    pub(super) fn confirmed(&self, event: &OutboxEvent) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(Instant::now());
        entries.confirmed = now;
        if events::is_queued(&event.event_type) {
            entries.confirmed_queued = now;
        }
        entries.refused.remove(&event.sequence);
    }

    /// What to write down of an event that was not published; `alone` if nothing was sent with it.
    pub(super) fn undelivered(
        &self,
        event: &OutboxEvent,
        unpublished: Unpublished,
        alone: bool,
        now: Timestamp,
    ) -> Undelivered {
        let Unpublished { error, blame, .. } = unpublished;
        let (times, others_got_through) = if blame == Blame::Suspect && alone && event.suspect {
            self.refused_alone(event)
        } else {
            (0, false)
        };
        let own = blame == Blame::Event || blame == Blame::Suspect && others_got_through;
        let attempts = event.attempts + u32::from(own);
        Undelivered {
            sequence: event.sequence,
            error,
            attempts,
            suspect: event.suspect || matches!(blame, Blame::Suspect | Blame::Event),
            not_before: now + milliseconds(wait(event, blame, times.max(attempts), now)),
            dead: own && attempts >= self.max_attempts,
        }
    }

    /// An event was refused alone: how often now, and whether others of its way got through since
    /// it last was.
    fn refused_alone(&self, event: &OutboxEvent) -> (u32, bool) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let confirmed = if events::is_queued(&event.event_type) {
            entries.confirmed_queued
        } else {
            entries.confirmed
        };
        let before = entries.refused.get(&event.sequence).copied();
        let times = before.map_or(1, |(_, times)| times.saturating_add(1));
        entries.refused.insert(event.sequence, (Instant::now(), times));
        if entries.refused.len() > REMEMBERED {
            entries.refused.pop_last();
        }
        (times, before.is_some_and(|(last, _)| confirmed.is_some_and(|confirmed| confirmed > last)))
    }
}

/// How long an event has to wait before it is tried again.
fn wait(event: &OutboxEvent, blame: Blame, failures: u32, now: Timestamp) -> Duration {
    match blame {
        Blame::Sink => Duration::ZERO,
        // A quarter of its age: many that wait for long do not get in the way of the others.
        Blame::Queue => {
            let age =
                Duration::from_millis(u64::try_from(now - event.created_at).unwrap_or_default());
            backoff(1, (age / 4).max(Duration::from_secs(1)), LONGEST_WAIT)
        }
        Blame::Suspect | Blame::Event => {
            backoff(failures.max(1), Duration::from_secs(1), LONGEST_WAIT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::PublishResult;
    use super::*;

    const NOW: Timestamp = 1_000_000;

    fn event(sequence: i64, event_type: &str) -> OutboxEvent {
        OutboxEvent {
            sequence,
            message_id: sequence.to_string(),
            event_type: event_type.to_owned(),
            ordering_key: "1".into(),
            payload: "{}".into(),
            traceparent: None,
            created_at: NOW,
            attempts: 0,
            suspect: true,
        }
    }

    fn blamed(blame: Blame) -> Unpublished {
        Unpublished { result: PublishResult::Error, error: "no".into(), blame }
    }

    /// Refused alone, then others get through, then refused alone again.
    fn refused_around(other: &OutboxEvent, event: &OutboxEvent) -> Undelivered {
        let ledger = Ledger::new(1);
        let first = ledger.undelivered(event, blamed(Blame::Suspect), true, NOW);
        assert_eq!((first.attempts, first.dead), (0, false));
        std::thread::sleep(Duration::from_millis(1));
        ledger.confirmed(other);
        ledger.undelivered(event, blamed(Blame::Suspect), true, NOW)
    }

    #[test]
    fn a_fault_of_the_broker_or_of_the_queue_costs_an_event_nothing() {
        let ledger = Ledger::new(1);
        let sound = OutboxEvent { suspect: false, ..event(1, "other") };
        for blame in [Blame::Sink, Blame::Queue] {
            let written = ledger.undelivered(&sound, blamed(blame), true, NOW);
            assert_eq!((written.attempts, written.suspect, written.dead), (0, false, false));
            assert_eq!(written.not_before > NOW, blame == Blame::Queue);
        }
    }

    #[test]
    fn what_fails_with_others_is_a_suspect_and_pays_nothing() {
        let ledger = Ledger::new(1);
        let sound = OutboxEvent { suspect: false, ..event(1, "other") };
        let written = ledger.undelivered(&sound, blamed(Blame::Suspect), false, NOW);
        assert_eq!((written.attempts, written.suspect, written.dead), (0, true, false));
    }

    #[test]
    fn what_is_refused_alone_while_others_get_through_is_at_fault_itself() {
        let written = refused_around(&event(2, "other"), &event(1, "other"));
        assert_eq!((written.attempts, written.dead), (1, true));
    }

    #[test]
    fn a_queued_event_is_at_fault_only_if_others_of_its_queue_got_through() {
        for event_type in events::ALL {
            let suspect = event(1, event_type.name);
            let by_others = refused_around(&event(2, "other"), &suspect);
            assert_eq!(by_others.dead, !event_type.queued, "{}", event_type.name);
            let by_its_own = refused_around(&event(2, event_type.name), &suspect);
            assert!(by_its_own.dead, "{}", event_type.name);
        }
    }

    #[test]
    fn what_can_never_be_sent_is_given_up_after_its_attempts() {
        let ledger = Ledger::new(3);
        for (attempts, dead) in [(0, false), (1, false), (2, true)] {
            let event = OutboxEvent { attempts, ..event(1, "other") };
            let written = ledger.undelivered(&event, blamed(Blame::Event), true, NOW);
            assert_eq!((written.attempts, written.dead), (attempts + 1, dead));
        }
    }
}
