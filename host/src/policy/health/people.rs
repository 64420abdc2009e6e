//! How often people are counted: for a few calls a minute, and in all for hardly more than others,
//! so that nobody who asks again and again weighs more.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use tokio::time::Instant;

/// So many calls of one person are counted a minute.
const MOST_A_MINUTE: u8 = 3;
/// So many more than the average of all who asked are counted in all.
const MOST_BEYOND: u64 = 3;
/// People share so many counters.
const PEOPLE: usize = 65_536;

#[derive(Debug)]
pub(super) struct People {
    since: Instant,
    minute: AtomicU64,
    this_minute: Box<[AtomicU8]>,
    in_all: Box<[AtomicU32]>,
    /// The sum of `in_all`, and how many of them are not zero.
    calls: AtomicU64,
    known: AtomicU64,
}

impl People {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            minute: AtomicU64::new(0),
            this_minute: std::iter::repeat_with(AtomicU8::default).take(PEOPLE).collect(),
            in_all: std::iter::repeat_with(AtomicU32::default).take(PEOPLE).collect(),
            calls: AtomicU64::new(0),
            known: AtomicU64::new(0),
        }
    }

    pub(super) fn minute(&self) -> u64 {
        self.since.elapsed().as_secs() / 60
    }

    /// Whether one more call of this person counts in this minute.
    pub(super) fn may_count(&self, subject: u32, minute: u64) -> bool {
        let before = self.minute.load(Ordering::Relaxed);
        if before != minute
            && self
                .minute
                .compare_exchange(before, minute, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            for counter in &self.this_minute {
                counter.store(0, Ordering::Relaxed);
            }
        }
        let place = subject as usize % PEOPLE;
        let counter = &self.this_minute[place];
        // It is never written again before the minute is over, so that it cannot overflow.
        if counter.load(Ordering::Relaxed) >= MOST_A_MINUTE
            || counter.fetch_add(1, Ordering::Relaxed) >= MOST_A_MINUTE
        {
            return false;
        }
        let known = self.known.load(Ordering::Relaxed).max(1);
        let average = self.calls.load(Ordering::Relaxed) / known;
        let own = &self.in_all[place];
        if u64::from(own.load(Ordering::Relaxed)) >= average + MOST_BEYOND {
            return false;
        }
        if own.fetch_add(1, Ordering::Relaxed) == 0 {
            self.known.fetch_add(1, Ordering::Relaxed);
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::group::{CallOutcome, GroupCounts, Observed};
    use super::*;
    use crate::policy::judgement::{Budgets, Evidence, Judged, Verdict, judge};
    use crate::store::registry::RolloutMode;

    #[test]
    fn one_person_alone_counts_for_three_a_minute_and_among_others_as_they_do() {
        let people = People::new();
        for minute in [0, 1, 7] {
            let counted = (0..1000).filter(|_| people.may_count(1, minute)).count();
            assert_eq!(counted, 3, "minute {minute}");
        }
        let people = People::new();
        assert!((0..1000).all(|other| people.may_count(other, 0)));
        let counted: usize = (0..1000).map(|minute| usize::from(people.may_count(7, minute))).sum();
        assert_eq!(counted, 3, "one was counted before");
    }

    /// Two equal releases that refuse 15 of 100 calls, and one person in the candidate's group who
    /// is refused without end, among so many others a minute in each group.
    fn one_person_without_end(others: u32, beside: u32, minutes: u32) {
        let (budgets, active) = (Budgets::default(), GroupCounts::default());
        let candidate = active.beside();
        let call = |subject: u32, is_refused: bool| {
            let outcome =
                if is_refused { CallOutcome::Refused("wrong") } else { CallOutcome::Accepted };
            Observed { subject, network: None, outcome, time: Duration::from_millis(3) }
        };
        for minute in 0..minutes {
            for other in 0..others * (1 + beside) {
                let subject = minute * others * (1 + beside) + other + 1;
                let group = if other < others { &candidate } else { &active };
                let is_refused = subject.wrapping_mul(2_654_435_761) >> 16 < 9830;
                group.count_at(&call(subject, is_refused), minute.into());
            }
            for _ in 0..10 {
                candidate.count_at(&call(0, true), minute.into());
            }
            let (verdict, _) = judge(&Judged {
                evidence: Evidence::Trial(RolloutMode::Share),
                budgets: &budgets,
                least_calls: 200,
                windows: 1,
                candidate: &candidate.figures(),
                active: Some(&active.figures()),
            });
            assert!(!matches!(verdict, Verdict::Bad(_)), "minute {minute}: {verdict:?}");
        }
    }

    #[test]
    fn one_person_without_end_takes_no_equal_candidate_out() {
        one_person_without_end(3, 3, 300);
        one_person_without_end(3, 99, 200);
        one_person_without_end(20, 3, 120);
    }

    #[test]
    fn in_a_peak_both_groups_are_counted_alike() {
        one_person_without_end(2_000, 49, 3);
    }
}
