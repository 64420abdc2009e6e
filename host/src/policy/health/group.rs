//! What a group of calls came to in this process: of a release, or of one side of a trial. One
//! person counts for a few calls a minute only, so that nobody who asks again and again weighs more
//! than others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::cause::Cause;
use super::few::Few;
use super::people::People;
use crate::policy::judgement::{FAILED, TIMES, bucket};
use crate::store::registry::Counted;

/// The first calls in a process are slow whatever the release does.
const UNTIMED: u64 = 50;
/// So many people are told apart of each outcome: as many as a verdict asks for.
const MOST_MET: usize = 5;
/// So many codes are counted.
const MOST_CODES: usize = 128;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome<'c> {
    Accepted,
    Refused(&'c str),
    Fault(Cause),
    /// The host could not do its part.
    Failed,
}

/// A call, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'c> {
    /// A keyed hash of the person.
    pub subject: u32,
    /// A keyed hash of the network that the call came from, if it is known.
    pub network: Option<u32>,
    pub outcome: CallOutcome<'c>,
    pub time: Duration,
}

/// What a group of calls came to. A call adds to a few atomics.
#[derive(Debug, Default)]
pub struct GroupCounts {
    calls: AtomicU64,
    failed: AtomicU64,
    causes: [AtomicU64; Cause::ALL.len()],
    /// By the codes that were refused with: manifests declare few.
    refusals: Mutex<BTreeMap<String, Refused>>,
    times: [AtomicU64; TIMES.len() + 1],
    failing: Few,
    failing_networks: Few,
    networks: Few,
    /// Whom calls met that the host failed.
    let_down: Few,
    /// Whom each time met.
    timed: [Few; TIMES.len() + 1],
    /// So many calls were not timed, of this group and of the one that it goes on from.
    untimed: Arc<AtomicU64>,
    /// Only a group that is called has them. Both groups of a share have the same: whoever is
    /// counted less in one would be in the other.
    people: Arc<OnceLock<People>>,
}

/// Refusals with one code.
#[derive(Debug)]
struct Refused {
    count: u64,
    /// Some of whom they met.
    met: Vec<u32>,
}

impl GroupCounts {
    /// Counts a call.
    pub fn count(&self, call: &Observed<'_>) {
        let people = self.people.get_or_init(People::new);
        self.count_at(call, people.minute());
    }

    /// The same, in such a minute.
    pub(super) fn count_at(&self, call: &Observed<'_>, minute: u64) {
        if !self.people.get_or_init(People::new).may_count(call.subject, minute) {
            return;
        }
        if call.outcome == CallOutcome::Failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.let_down.insert(call.subject);
            return;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.untimed.load(Ordering::Relaxed) >= UNTIMED
            || self.untimed.fetch_add(1, Ordering::Relaxed) >= UNTIMED
        {
            let bucket = bucket(call.time);
            self.times[bucket].fetch_add(1, Ordering::Relaxed);
            self.timed[bucket].insert(call.subject);
        }
        if let Some(network) = call.network {
            self.networks.insert(network);
        }
        match call.outcome {
            CallOutcome::Accepted | CallOutcome::Failed => {}
            CallOutcome::Refused(code) => self.refuse(code, call.subject),
            CallOutcome::Fault(cause) => {
                self.causes[cause as usize].fetch_add(1, Ordering::Relaxed);
                self.failing.insert(call.subject);
                if let Some(network) = call.network {
                    self.failing_networks.insert(network);
                }
            }
        }
    }

    fn refuse(&self, code: &str, subject: u32) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = refusals.get_mut(code) {
            refused.count += 1;
            if refused.met.len() < MOST_MET && !refused.met.contains(&subject) {
                refused.met.push(subject);
            }
        } else if refusals.len() < MOST_CODES {
            refusals.insert(code.to_owned(), Refused { count: 1, met: vec![subject] });
        }
    }

    /// A group beside this one: whoever is in one of them is in no other.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { people: Arc::clone(&self.people), ..Self::default() }
    }

    /// Its first calls are not the first of what decides: they are timed as soon as those of this.
    pub fn goes_on_from(&mut self, before: &Self) {
        self.untimed = Arc::clone(&before.untimed);
    }

    /// So far.
    pub fn figures(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut times: Vec<u64> = self.times.iter().map(read).collect();
        times.truncate(times.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1));
        let causes = Cause::ALL.into_iter().zip(self.causes.iter().map(read));
        let causes: BTreeMap<String, u64> = causes
            .filter(|(_, faults)| *faults > 0)
            .map(|(cause, faults)| (cause.as_str().to_owned(), faults))
            .collect();
        let faults = causes.values().sum();
        let (mut refusals, mut met) = (BTreeMap::new(), BTreeMap::new());
        for (code, refused) in &*self.refusals.lock().unwrap_or_else(PoisonError::into_inner) {
            refusals.insert(code.clone(), refused.count);
            met.insert(code.clone(), refused.met.clone());
        }
        let let_down = people_of(&self.let_down);
        if !let_down.is_empty() {
            met.insert(FAILED.to_owned(), let_down);
        }
        Counted {
            // A call that is being counted may be among its faults already.
            calls: read(&self.calls).max(faults),
            faults,
            timeouts: read(&self.causes[Cause::Deadline as usize]),
            failed: read(&self.failed),
            refusals,
            causes,
            times: times.clone(),
            failing: self.failing.all(),
            failing_networks: self.failing_networks.all(),
            met,
            timed: self.timed[..times.len()].iter().map(people_of).collect(),
            networks: u32::try_from(self.networks.all().len()).unwrap_or(u32::MAX),
        }
    }
}

fn people_of(few: &Few) -> Vec<u32> {
    let mut people = few.all();
    people.truncate(MOST_MET);
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(subject: u32, outcome: CallOutcome<'_>) -> Observed<'_> {
        Observed { subject, network: Some(subject / 10), outcome, time: Duration::from_millis(3) }
    }

    #[test]
    fn calls_are_counted_by_what_they_came_to() {
        let group = GroupCounts::default();
        assert_eq!(group.figures(), Counted::default());
        for subject in 0..60 {
            group.count(&call(subject, CallOutcome::Accepted));
        }
        for subject in 60..70 {
            group.count(&call(subject, CallOutcome::Refused("blocked")));
        }
        group.count(&call(70, CallOutcome::Fault(Cause::Panic)));
        group.count(&call(71, CallOutcome::Fault(Cause::Deadline)));
        group.count(&call(72, CallOutcome::Failed));
        let figures = group.figures();
        assert_eq!(
            (figures.calls, figures.faults, figures.timeouts, figures.failed),
            (72, 2, 1, 1)
        );
        assert_eq!(figures.refusals, [("blocked".to_owned(), 10)].into());
        assert_eq!(figures.causes, [("panic".to_owned(), 1), ("deadline".to_owned(), 1)].into());
        assert_eq!((figures.failing, figures.failing_networks), (vec![70, 71], vec![7]));
        assert_eq!(figures.networks, 8);
        // The first 50 are not timed.
        assert_eq!(figures.times.iter().sum::<u64>(), 22);
        assert_eq!(figures.times[bucket(Duration::from_millis(3))], 22);
    }

    #[test]
    fn one_person_counts_for_three_calls_a_minute() {
        let group = GroupCounts::default();
        for _ in 0..1000 {
            group.count(&call(1, CallOutcome::Fault(Cause::Panic)));
        }
        group.count(&call(2, CallOutcome::Accepted));
        let figures = group.figures();
        assert_eq!((figures.calls, figures.faults), (4, 3));
    }

    #[test]
    fn codes_and_people_stay_few() {
        let group = GroupCounts::default();
        for number in 0..1000 {
            group.count(&call(number, CallOutcome::Refused(&format!("code{number}"))));
            group.count(&call(number, CallOutcome::Fault(Cause::Trap)));
        }
        let figures = group.figures();
        assert_eq!((figures.refusals.len(), figures.failing.len()), (MOST_CODES, 16));
        assert_eq!((figures.calls, figures.networks), (2000, 16));
    }
}
