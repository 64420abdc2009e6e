//! What came of shadows and is not in the database yet. It is bounded: while the database is away,
//! kinds beyond the bound are counted as others, and samples are dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::store::registry::{DifferenceSample, NewDifferences};

/// So many trials are told apart; there are hardly more than one a place.
const MOST_TRIALS: usize = 16;
/// So many kinds of a trial.
const MOST_KINDS: usize = 200;
/// So many samples of a kind between two flushes.
const MOST_SAMPLES: usize = 5;
/// What is beyond the bound of kinds.
const OTHER: &str = "differs:other";

/// What is not in the database yet.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<HashMap<Uuid, BTreeMap<String, Counted>>>);

#[derive(Debug, Default)]
struct Counted {
    count: u64,
    samples: Vec<DifferenceSample>,
}

impl Tally {
    /// Counts one of a kind.
    pub(super) fn add(&self, rollout: Uuid, kind: String, sample: Option<DifferenceSample>) {
        self.put(rollout, kind, 1, sample.into_iter());
    }

    /// All of it, which is forgotten here.
    pub(super) fn take(&self) -> Vec<NewDifferences> {
        let trials = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let of_trial = |(rollout, kinds): (Uuid, BTreeMap<String, Counted>)| {
            let mut new = NewDifferences { rollout, counts: Vec::new(), samples: Vec::new() };
            for (kind, counted) in kinds {
                new.counts.push((kind, counted.count));
                new.samples.extend(counted.samples);
            }
            new
        };
        trials.into_iter().map(of_trial).collect()
    }

    /// Keeps what could not be written for another try.
    pub(super) fn give_back(&self, new: NewDifferences) {
        let NewDifferences { rollout, counts, mut samples } = new;
        for (kind, count) in counts {
            let (own, others) = samples.into_iter().partition(|sample| sample.kind == kind);
            samples = others;
            let own: Vec<DifferenceSample> = own;
            self.put(rollout, kind, count, own.into_iter());
        }
    }

    fn put(
        &self,
        rollout: Uuid,
        kind: String,
        count: u64,
        samples: impl Iterator<Item = DifferenceSample>,
    ) {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trials.len() >= MOST_TRIALS && !trials.contains_key(&rollout) {
            return;
        }
        let kinds = trials.entry(rollout).or_default();
        if kinds.len() >= MOST_KINDS && !kinds.contains_key(&kind) {
            kinds.entry(OTHER.into()).or_default().count += count;
            return;
        }
        let counted = kinds.entry(kind).or_default();
        counted.count += count;
        let room = MOST_SAMPLES.saturating_sub(counted.samples.len());
        counted.samples.extend(samples.take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(kind: &str) -> DifferenceSample {
        DifferenceSample {
            kind: kind.into(),
            request_id: "id".into(),
            at: 0,
            replica: "one".into(),
        }
    }

    fn total(new: &[NewDifferences]) -> u64 {
        new.iter().flat_map(|new| &new.counts).map(|(_, count)| count).sum()
    }

    #[test]
    fn what_could_not_be_written_is_added_to_what_came_meanwhile() {
        let (tally, rollout) = (Tally::default(), Uuid::now_v7());
        for _ in 0..7 {
            tally.add(rollout, "differs:claims".into(), Some(sample("differs:claims")));
        }
        tally.add(rollout, "same".into(), None);
        let mut taken = tally.take();
        assert_eq!(tally.take(), [], "it was taken");
        tally.add(rollout, "same".into(), None);
        tally.give_back(taken.remove(0));
        let [new] = &tally.take()[..] else { panic!("one trial") };
        assert_eq!(new.counts, [("differs:claims".to_owned(), 7), ("same".to_owned(), 2)]);
        assert_eq!(new.samples.len(), MOST_SAMPLES);
    }

    #[test]
    fn beyond_its_bounds_it_counts_and_does_not_grow() {
        let (tally, rollout) = (Tally::default(), Uuid::now_v7());
        for number in 0..1000 {
            let kind = format!("differs:kind_{number}");
            tally.add(rollout, kind.clone(), Some(sample(&kind)));
        }
        let new = tally.take();
        assert_eq!(total(&new), 1000, "all are counted");
        assert!(new[0].counts.len() <= MOST_KINDS + 1);
        for _ in 0..1000 {
            tally.add(Uuid::now_v7(), "same".into(), None);
        }
        assert_eq!(tally.take().len(), MOST_TRIALS);
    }
}
