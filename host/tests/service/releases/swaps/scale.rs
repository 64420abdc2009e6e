//! How many swaps, and what else.

use std::time::Duration;

/// How many swaps, and what else.
pub(super) struct Scale {
    /// `SWAPS`.
    pub(super) swaps: usize,
    /// `SWAPS_ROUNDS`: in so many parts, with calm between them.
    pub(super) rounds: usize,
    /// `SWAPS_PAUSE_MS`: between two of them.
    pub(super) pause: Duration,
    /// `SWAPS_MEASURED`: 1 where each part is followed by as much time without swaps.
    pub(super) measures: bool,
    /// `SWAPS_ROLLBACKS`.
    pub(super) rollbacks: usize,
    /// `SWAPS_COMPILATIONS`, of a component with so much code: `SWAPS_COMPILE_MIB`.
    pub(super) compilations: usize,
    pub(super) compile_mebibytes: usize,
}

impl Scale {
    pub(super) fn read() -> Self {
        let number = |name: &str, short| {
            std::env::var(name).map_or(short, |value| value.parse::<usize>().unwrap())
        };
        Self {
            swaps: number("SWAPS", 50),
            rounds: number("SWAPS_ROUNDS", 1),
            pause: Duration::from_millis(number("SWAPS_PAUSE_MS", 0) as u64),
            measures: number("SWAPS_MEASURED", 0) == 1,
            rollbacks: number("SWAPS_ROLLBACKS", 2),
            compilations: number("SWAPS_COMPILATIONS", 0),
            compile_mebibytes: number("SWAPS_COMPILE_MIB", 12),
        }
    }
}
