//! A few different numbers, told apart without a lock: whose calls failed, and where calls came
//! from.

use std::sync::atomic::{AtomicU64, Ordering};

/// So many are told apart.
pub(super) const FEW: usize = 16;
/// Marks a place that is taken: 0 is a number like others.
const TAKEN: u64 = 1 << 32;

/// Up to 16 different numbers; further ones are not taken.
#[derive(Debug, Default)]
pub(super) struct Few([AtomicU64; FEW]);

impl Few {
    pub(super) fn insert(&self, number: u32) {
        let entry = TAKEN | u64::from(number);
        for place in &self.0 {
            let there = match place.load(Ordering::Relaxed) {
                0 => place
                    .compare_exchange(0, entry, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|there| there, |_| entry),
                there => there,
            };
            if there == entry {
                return;
            }
        }
    }

    /// All of them, in the order in which they came.
    pub(super) fn all(&self) -> Vec<u32> {
        let places = self.0.iter().map(|place| place.load(Ordering::Relaxed));
        let numbers = places.take_while(|entry| *entry != 0);
        numbers.filter_map(|entry| u32::try_from(entry & !TAKEN).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_different_numbers_are_kept() {
        let few = Few::default();
        assert!(few.all().is_empty());
        for number in [7, 0, 7, u32::MAX, 0] {
            few.insert(number);
        }
        assert_eq!(few.all(), [7, 0, u32::MAX]);
        for number in 0..1000 {
            few.insert(number);
        }
        assert_eq!(few.all().len(), FEW);
    }

    #[test]
    fn threads_at_once_lose_none_and_keep_none_twice() {
        let few = Few::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|number| few.insert(number)));
            }
        });
        let mut all = few.all();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
}
