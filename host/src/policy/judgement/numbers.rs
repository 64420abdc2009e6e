//! Counts as numbers that can be divided, and how people read them.

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 50 bits")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// Which part of all calls some are; none of none is nothing.
pub(super) fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { float(some) / float(all) }
}

/// A part of 1 in percent: `52.4 %`, `0.31 %`, `0.004 %`.
pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    let digits = match percent.abs() {
        0.0 | 1.0.. => 1,
        0.1.. => 2,
        _ => 3,
    };
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(22.0 / 42.0), "52.4 %");
        assert_eq!(percent(0.0031), "0.31 %");
        assert_eq!(percent(0.00004), "0.004 %");
    }
}
