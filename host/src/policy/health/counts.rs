//! What one release has come to in this process. A call adds to a few atomics; who looks at them
//! does the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::cause::Cause;
use super::group::{GroupCounts, Observed};
use super::minute::Minute;
use crate::store::registry::{Counted, Serving};

/// So many people whose calls failed are told apart.
const MOST_FAILING: usize = 16;

/// What one call took.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Processor time, its own and the host's for it.
    pub processor_nanoseconds: u64,
    /// Time in which it waited for the host.
    pub host_nanoseconds: u64,
    /// Entries into the host.
    pub entries: u64,
    /// The most memory that it had.
    pub memory_bytes: u64,
}

/// What the calls of one release came to, and what they took.
#[derive(Debug)]
pub struct ReleaseCounts {
    pub(super) place: String,
    pub(super) release: u64,
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) causes: [AtomicU64; Cause::ALL.len()],
    /// By the codes that the manifest declares.
    pub(super) refusals: BTreeMap<String, AtomicU64>,
    pub(super) processor_nanoseconds: AtomicU64,
    pub(super) host_nanoseconds: AtomicU64,
    pub(super) entries: AtomicU64,
    pub(super) peak_memory: AtomicU64,
    /// Which of all releases began to serve last: the highest; 0 if it never did.
    pub(super) served: AtomicU64,
    turn: Arc<AtomicU64>,
    /// What is judged, since it serves.
    judged: ArcSwap<GroupCounts>,
    since: Mutex<Since>,
}

/// What is known since it serves: what it had counted before does not tell of this time.
#[derive(Debug, Default)]
struct Since {
    before: Totals,
    /// The same by code, in the order of `refusals`.
    refusals: Vec<u64>,
    failing: BTreeSet<u32>,
    minute: Minute,
}

#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    accepted: u64,
    refused: u64,
    failed: u64,
    causes: [u64; Cause::ALL.len()],
    processor_nanoseconds: u64,
    host_nanoseconds: u64,
    entries: u64,
}

impl ReleaseCounts {
    /// A release that was not called yet. All of them share `turn`.
    pub(super) fn new(
        place: &str,
        release: u64,
        codes: impl Iterator<Item = String>,
        turn: Arc<AtomicU64>,
    ) -> Self {
        Self {
            place: place.to_owned(),
            release,
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            causes: Default::default(),
            refusals: codes.map(|code| (code, AtomicU64::new(0))).collect(),
            processor_nanoseconds: AtomicU64::new(0),
            host_nanoseconds: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            served: AtomicU64::new(0),
            turn,
            judged: ArcSwap::default(),
            since: Mutex::default(),
        }
    }

    /// A decision that lets somebody in, and passed the host's own checks.
    pub fn accepted(&self) {
        add(&self.accepted, 1);
    }

    /// A refusal that keeps the contract.
    pub fn refused(&self, code: &str) {
        add(&self.refused, 1);
        if let Some(count) = self.refusals.get(code) {
            add(count, 1);
        }
    }

    /// The host could not do its part: it tells nothing of the policy.
    pub fn failed(&self) {
        add(&self.failed, 1);
    }

    /// The policy spoiled a call of this person, who is known by a keyed hash.
    pub fn fault(&self, cause: Cause, subject: u32) {
        add(&self.causes[cause as usize], 1);
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.failing.len() < MOST_FAILING {
            since.failing.insert(subject);
        }
    }

    /// Counts a call for the judgement of what serves, beside what it came to.
    pub fn observe(&self, call: &Observed<'_>) {
        self.judged.load().count(call);
    }

    /// What is judged, since it serves.
    pub fn judged(&self) -> Counted {
        self.judged.load().figures()
    }

    /// What a call took.
    pub fn used(&self, used: &Use) {
        add(&self.processor_nanoseconds, used.processor_nanoseconds);
        add(&self.entries, used.entries);
        if used.host_nanoseconds > 0 {
            add(&self.host_nanoseconds, used.host_nanoseconds);
        }
        // It hardly ever rises: reading is cheaper than writing what is there.
        if used.memory_bytes > self.peak_memory.load(Ordering::Relaxed) {
            self.peak_memory.fetch_max(used.memory_bytes, Ordering::Relaxed);
        }
    }

    /// It serves from now on: its figures begin anew, its metrics go on.
    pub fn serves(&self) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let totals = self.totals();
        self.comes_first();
        since.before = totals;
        since.refusals = self.refusals.values().map(read).collect();
        since.failing.clear();
        self.judged.store(Arc::default());
        since.minute.begin(Instant::now(), totals.all());
    }

    /// Its metrics are among those that are shown, before those of others that served earlier.
    pub fn comes_first(&self) {
        self.served.store(self.turn.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The figures since it serves; all other members of the answer are the caller's. `calls` are
    /// those that the policy decided or spoiled. To be asked about once a second, for the last
    /// minute's calls.
    pub fn figures(&self) -> Serving {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let (totals, before) = (self.totals(), since.before);
        let calls_a_minute = since.minute.calls(Instant::now(), totals.all());
        let (faults, refusals) =
            (totals.faults() - before.faults(), totals.refused - before.refused);
        let causes = Cause::ALL.into_iter().zip(totals.causes).zip(before.causes);
        let codes = self.refusals.iter().zip(since.refusals.iter().chain(std::iter::repeat(&0)));
        Serving {
            calls: totals.accepted - before.accepted + refusals + faults,
            faults,
            refusals,
            calls_a_minute,
            failing: since.failing.iter().copied().collect(),
            causes: causes
                .map(|((cause, now), before)| (cause.as_str().to_owned(), now - before))
                .filter(|(_, faults)| *faults > 0)
                .collect(),
            refusals_by_code: codes
                .map(|((code, now), before)| (code.clone(), read(now) - before))
                .filter(|(_, refusals)| *refusals > 0)
                .collect(),
            failed: totals.failed - before.failed,
            processor_microseconds: (totals.processor_nanoseconds - before.processor_nanoseconds)
                / 1000,
            host_microseconds: (totals.host_nanoseconds - before.host_nanoseconds) / 1000,
            host_calls: totals.entries - before.entries,
            peak_memory_bytes: read(&self.peak_memory),
            ..Serving::default()
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            accepted: read(&self.accepted),
            refused: read(&self.refused),
            failed: read(&self.failed),
            causes: self.causes.each_ref().map(read),
            processor_nanoseconds: read(&self.processor_nanoseconds),
            host_nanoseconds: read(&self.host_nanoseconds),
            entries: read(&self.entries),
        }
    }
}

impl Totals {
    fn faults(&self) -> u64 {
        self.causes.iter().sum()
    }

    fn all(&self) -> u64 {
        self.accepted + self.refused + self.failed + self.faults()
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

pub(super) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> ReleaseCounts {
        ReleaseCounts::new("login", 7, ["blocked".to_owned()].into_iter(), Arc::default())
    }

    #[test]
    fn figures_tell_of_the_time_since_it_serves_only() {
        let counts = counts();
        counts.fault(Cause::Panic, 1);
        counts.accepted();
        counts.serves();
        assert_eq!(counts.figures(), Serving::default());
        counts.accepted();
        counts.refused("blocked");
        counts.refused("undeclared");
        counts.failed();
        counts.fault(Cause::Trap, 2);
        let figures = counts.figures();
        assert_eq!((figures.calls, figures.faults, figures.refusals), (4, 1, 2));
        assert_eq!(figures.calls_a_minute, 5, "the host's own failures are calls, too");
        assert_eq!(figures.failing, [2]);
        assert_eq!(figures.causes, [("trap".to_owned(), 1)].into());
        assert_eq!(read(&counts.refusals["blocked"]), 1);
        assert_eq!(counts.refusals.len(), 1, "codes are those of the manifest");
    }

    #[test]
    fn figures_tell_what_calls_took_since_it_serves_and_the_codes_that_they_were_refused_with() {
        let counts = counts();
        let used = |memory_bytes| Use {
            processor_nanoseconds: 300_500,
            host_nanoseconds: 2_000_000,
            entries: 3,
            memory_bytes,
        };
        counts.refused("blocked");
        counts.used(&used(70_000));
        assert_eq!(counts.figures().refusals_by_code, [("blocked".to_owned(), 1)].into());
        counts.serves();
        counts.refused("blocked");
        counts.refused("undeclared");
        counts.failed();
        counts.used(&used(90_000));
        counts.used(&used(80_000));
        let figures = counts.figures();
        assert_eq!(figures.refusals_by_code, [("blocked".to_owned(), 1)].into());
        assert_eq!((figures.calls, figures.failed), (2, 1));
        assert_eq!((figures.processor_microseconds, figures.host_microseconds), (601, 4000));
        assert_eq!((figures.host_calls, figures.peak_memory_bytes), (6, 90_000));
    }

    #[test]
    fn few_people_are_told_apart_however_many_fail() {
        let counts = counts();
        for subject in 0..1000 {
            counts.fault(Cause::Panic, subject);
        }
        assert_eq!(counts.figures().failing.len(), MOST_FAILING);
        assert_eq!(counts.figures().faults, 1000);
    }
}
