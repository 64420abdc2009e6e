//! How long calls take, in buckets that all replicas have in common.

use std::time::Duration;

use super::numbers::float;

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

/// The time under which such a part of all times lies, in microseconds; none without times. Within
/// its bucket it is estimated as if the bucket's times were spread evenly: longer ones are rarer,
/// so that it is rather too long than too short. What is longer than all buckets counts as the last
/// one's end.
pub fn percentile(times: &[u64], part: f64) -> Option<u64> {
    let total = times.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if total == 0 {
        return None;
    }
    let needed = float(total) * part;
    let (mut seen, mut begin) = (0.0, 0_u64);
    for (count, end) in times.iter().map(|count| float(*count)).zip(TIMES) {
        if count > 0.0 && seen + count >= needed {
            let within = ((needed - seen) / count).clamp(0.0, 1.0);
            let offset = std::time::Duration::from_micros(end - begin).mul_f64(within);
            let rest = u64::from(!offset.subsec_nanos().is_multiple_of(1000));
            return Some(begin + u64::try_from(offset.as_micros()).unwrap_or(0) + rest);
        }
        seen += count;
        begin = end;
    }
    Some(TIMES[TIMES.len() - 1])
}

/// How many times are longer than a bucket's upper end, which is at least so many microseconds, and
/// of how many.
pub(super) fn slower(times: &[u64], microseconds: u64) -> (u64, u64) {
    let sum = |times: &[u64]| times.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    (sum(times.get(first_slower(microseconds)..).unwrap_or_default()), sum(times))
}

/// The first bucket of such times.
pub(super) fn first_slower(microseconds: u64) -> usize {
    TIMES.partition_point(|end| *end < microseconds) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_belongs_to_the_bucket_that_it_just_fits() {
        assert_eq!(bucket(Duration::ZERO), 0);
        assert_eq!(bucket(Duration::from_micros(50)), 0);
        assert_eq!(bucket(Duration::from_micros(51)), 1);
        assert_eq!(bucket(Duration::from_secs(3)), 27);
        assert_eq!(bucket(Duration::MAX), 28);
    }

    #[test]
    fn a_percentile_lies_within_its_bucket() {
        assert_eq!(percentile(&[], 0.99), None);
        assert_eq!(percentile(&[0, 0, 0], 0.99), None);
        assert_eq!(percentile(&[99, 1], 0.99), Some(50));
        assert_eq!(percentile(&[98, 2], 0.99), Some(63));
        assert_eq!(percentile(&[0, 0, 7], 0.5), Some(88));
        let mut long = [0; 29];
        long[28] = 5;
        assert_eq!(percentile(&long, 0.99), Some(3_000_000));
        assert_eq!(percentile(&[u64::MAX; 40], 0.99), Some(50), "rubbish does no harm");
    }

    #[test]
    fn slower_is_what_lies_in_later_buckets() {
        assert_eq!(slower(&[5, 6, 7], 50), (13, 18));
        assert_eq!(slower(&[5, 6, 7], 51), (7, 18));
        assert_eq!(slower(&[5, 6, 7], 100), (0, 18));
        assert_eq!(slower(&[5, 6, 7], u64::MAX), (0, 18));
        assert_eq!(slower(&[], 50), (0, 0));
    }
}
