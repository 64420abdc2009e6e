//! Adding up what replicas counted. Whatever another replica says, the sum stays small, and wrong
//! figures stay figures.

use super::times::TIMES;
use crate::store::registry::Counted;

/// So many codes and causes are told apart, with names of so many bytes at most.
const MOST_NAMES: usize = 128;
const MOST_NAME: usize = 128;
/// So many people and networks of a replica.
const MOST_FAILING: usize = 16;
/// No replica counts further in a life; it keeps rubbish within what numbers can tell apart.
const MOST_CALLS: u64 = 1_000_000_000_000;

/// All of them together. People and networks that several replicas name are one; of networks, as
/// many came as one replica saw.
pub fn sum<'c>(parts: impl IntoIterator<Item = &'c Counted>) -> Counted {
    let mut all = Counted::default();
    for part in parts {
        let calls = part.calls.min(MOST_CALLS);
        let of = |count: u64| count.min(calls);
        add(&mut all.calls, calls);
        add(&mut all.faults, of(part.faults));
        add(&mut all.timeouts, of(part.timeouts));
        add(&mut all.failed, part.failed.min(MOST_CALLS));
        for (names, more) in [(&mut all.refusals, &part.refusals), (&mut all.causes, &part.causes)]
        {
            for (name, count) in more.iter().take(MOST_NAMES) {
                let has_room = names.len() < MOST_NAMES && name.len() <= MOST_NAME;
                if has_room || names.contains_key(name) {
                    add(names.entry(name.clone()).or_default(), of(*count));
                }
            }
        }
        let times = &part.times[..part.times.len().min(TIMES.len() + 1)];
        if all.times.len() < times.len() {
            all.times.resize(times.len(), 0);
        }
        for (sum, count) in all.times.iter_mut().zip(times) {
            add(sum, of(*count));
        }
        for (names, more) in
            [(&mut all.failing, &part.failing), (&mut all.failing_networks, &part.failing_networks)]
        {
            names.extend(more.iter().take(MOST_FAILING));
        }
        for (name, people) in part.met.iter().take(MOST_NAMES) {
            let has_room = all.met.len() < MOST_NAMES && name.len() <= MOST_NAME;
            if has_room || all.met.contains_key(name) {
                add_people(all.met.entry(name.clone()).or_default(), people);
            }
        }
        let slots = &part.timed[..part.timed.len().min(TIMES.len() + 1)];
        if all.timed.len() < slots.len() {
            all.timed.resize(slots.len(), Vec::new());
        }
        for (sum, people) in all.timed.iter_mut().zip(slots) {
            add_people(sum, people);
        }
        all.networks = all.networks.max(part.networks);
    }
    for names in [&mut all.failing, &mut all.failing_networks] {
        names.sort_unstable();
        names.dedup();
    }
    all
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// As many as a verdict asks for are kept.
fn add_people(all: &mut Vec<u32>, people: &[u32]) {
    for person in people.iter().take(MOST_FAILING) {
        if all.len() < MOST_FAILING && !all.contains(person) {
            all.push(*person);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_replicas_add_up_and_people_are_counted_once() {
        let one = Counted {
            calls: 100,
            faults: 3,
            timeouts: 1,
            failed: 2,
            refusals: [("blocked".to_owned(), 5)].into(),
            causes: [("panic".to_owned(), 2), ("deadline".to_owned(), 1)].into(),
            times: vec![0, 90],
            failing: vec![1, 2],
            failing_networks: vec![9],
            networks: 12,
            met: [("blocked".to_owned(), vec![1, 2])].into(),
            timed: vec![vec![], vec![3]],
        };
        let other = Counted {
            refusals: [("blocked".to_owned(), 1), ("late".to_owned(), 1)].into(),
            times: vec![1, 2, 3],
            failing: vec![2, 3],
            networks: 5,
            met: [("blocked".to_owned(), vec![2, 3])].into(),
            ..one.clone()
        };
        let both = sum([&one, &other]);
        assert_eq!((both.calls, both.faults, both.timeouts, both.failed), (200, 6, 2, 4));
        assert_eq!(both.refusals, [("blocked".to_owned(), 6), ("late".to_owned(), 1)].into());
        assert_eq!(both.causes["panic"], 4);
        assert_eq!(both.times, [1, 92, 3]);
        assert_eq!((both.failing, both.failing_networks), (vec![1, 2, 3], vec![9]));
        assert_eq!((&both.met["blocked"], &both.timed[1]), (&vec![1, 2, 3], &vec![3]));
        assert_eq!(both.networks, 12);
        assert_eq!(sum([]), Counted::default());
    }

    #[test]
    fn rubbish_of_a_replica_stays_small() {
        let names = (0..10_000).map(|number| (format!("code{number}"), u64::MAX)).collect();
        let rubbish = Counted {
            calls: u64::MAX,
            faults: u64::MAX,
            timeouts: u64::MAX,
            failed: u64::MAX,
            refusals: names,
            causes: [("x".repeat(10_000), 1)].into(),
            times: vec![u64::MAX; 10_000],
            failing: (0..10_000).collect(),
            failing_networks: (0..10_000).collect(),
            networks: u32::MAX,
            met: (0..10_000).map(|number| (format!("c{number}"), vec![number; 1000])).collect(),
            timed: vec![(0..1000).collect(); 1000],
        };
        let all = sum([&rubbish, &rubbish, &rubbish]);
        assert_eq!((all.calls, all.faults), (3 * MOST_CALLS, 3 * MOST_CALLS));
        assert_eq!(all.failed, 3 * MOST_CALLS);
        assert_eq!((all.refusals.len(), all.causes.len()), (MOST_NAMES, 0));
        assert_eq!((all.times.len(), all.failing.len()), (TIMES.len() + 1, MOST_FAILING));
        assert_eq!((all.met.len(), all.timed.len()), (MOST_NAMES, TIMES.len() + 1));
        assert_eq!(all.timed[0].len(), MOST_FAILING);
        let more_faults_than_calls = Counted { calls: 1, faults: 900, ..Counted::default() };
        assert_eq!(sum([&more_faults_than_calls]).faults, 1);
    }
}
