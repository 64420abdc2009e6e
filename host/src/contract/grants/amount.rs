//! Bytes and milliseconds as people write them: a whole number and its unit.

/// With the largest first: that is how an amount is written.
const SIZES: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
const TIMES: [(u64, &str); 2] = [(1000, "s"), (1, "ms")];

pub(super) fn size(text: &str) -> Option<u64> {
    read(text, &SIZES)
}

/// Bytes that [`size`] has read; others are cut to what it reads.
pub(super) fn write_size(bytes: u64) -> String {
    write(bytes, &SIZES)
}

/// Milliseconds.
pub(super) fn time(text: &str) -> Option<u32> {
    read(text, &TIMES)?.try_into().ok()
}

pub(super) fn write_time(milliseconds: u32) -> String {
    write(milliseconds.into(), &TIMES)
}

fn read(text: &str, units: &[(u64, &str)]) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = &text[digits.len()..];
    let (factor, _) = units.iter().find(|(_, name)| *name == unit)?;
    whole(digits)?.checked_mul(*factor).filter(|amount| *amount > 0)
}

/// A number without a sign, a point or zeros before it.
pub(super) fn whole(digits: &str) -> Option<u64> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_plain)
}

fn write(amount: u64, units: &[(u64, &str)]) -> String {
    let fits = |(factor, _): &&(u64, &str)| amount >= *factor && amount.is_multiple_of(*factor);
    let smallest = units.len() - 1;
    let (factor, unit) = units.iter().find(fits).unwrap_or(&units[smallest]);
    format!("{}{unit}", amount / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_with_their_unit() {
        for (text, bytes) in [("64KiB", 64 << 10), ("8MiB", 8 << 20), ("1GiB", 1 << 30)] {
            assert_eq!((size(text), write_size(bytes)), (Some(bytes), text.to_owned()));
        }
        assert_eq!(write_size(size("2048KiB").unwrap()), "2MiB");
        for (text, milliseconds) in [("100ms", 100), ("1500ms", 1500), ("2s", 2000)] {
            let written = write_time(milliseconds);
            assert_eq!((time(text), written), (Some(milliseconds), text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_amount_is_not_read() {
        for wrong in [
            "",
            "8",
            "MiB",
            "8MB",
            "8 MiB",
            "8mib",
            "1.5MiB",
            "-8MiB",
            "+8MiB",
            "08MiB",
            "0MiB",
            "8MiB ",
            "８MiB",
            "99999999999999999999MiB",
            "18446744073709551615GiB",
        ] {
            assert_eq!(size(wrong), None, "{wrong:?}");
        }
        for wrong in ["", "100", "ms", "0ms", "0.1s", "4294967296ms", "1m"] {
            assert_eq!(time(wrong), None, "{wrong:?}");
        }
    }
}
