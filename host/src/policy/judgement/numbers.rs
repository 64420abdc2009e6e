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

/// A count with a comma after each thousand.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(18_204), "18,204");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(22.0 / 42.0), "52.4 %");
        assert_eq!(percent(0.0031), "0.31 %");
        assert_eq!(percent(0.00004), "0.004 %");
    }
}
