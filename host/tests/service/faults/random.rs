//! Random moments that can be repeated.

use std::time::Duration;

/// A generator (splitmix64).
pub(super) struct Random(u64);

impl Random {
    /// From a seed of its own, or that of `FAULTS_SEED`; it is printed, to be used again.
    pub(super) fn new(test: &str) -> Self {
        let given = std::env::var("FAULTS_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        println!("{test}: FAULTS_SEED={seed}");
        Self(seed)
    }

    /// Another one, for another task.
    pub(super) fn branch(&mut self) -> Self {
        Self(self.next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to one less than this.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap() % bound
    }

    /// Waits so many milliseconds.
    pub(super) async fn pause(&mut self, least: u64, most: u64) {
        let milliseconds = least + self.next() % (most - least);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}
