//! How long calls take, in buckets that all replicas have in common.

use std::time::Duration;

/// The upper ends of the buckets, in microseconds; one more bucket takes what is longer.
pub const TIMES: [u64; 28] = [
    50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000,
    20_000, 30_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 500_000, 750_000,
    1_500_000, 3_000_000,
];

/// The bucket of a time.
pub fn bucket(time: Duration) -> usize {
    let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    TIMES.partition_point(|end| *end < microseconds)
}

/// The upper end of the bucket under which such a part of all times lies, in microseconds; none
/// without times.
pub fn percentile(times: &[u64], part: f64) -> Option<u64> {
    let _ = (times, part);
    todo!()
}
