//! Asking a service of breached passwords for a password that it does not learn (k-anonymity): it
//! is told the beginning of a hash and answers with all ends that it knows. Both ends of the work
//! are done here: a component has 20 bits of the hash, and one bit about an answer that it hands
//! in. More than that, such as the number of the line, would name the password of a list that the
//! component made itself.

use std::fmt::Write as _;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use zeroize::Zeroizing;

use crate::contract::TrappableFailure;

/// Hexadecimal digits that the service is told: 20 bits of 160.
const TOLD: usize = 5;
/// Hexadecimal digits of a whole hash.
const DIGITS: usize = 40;

/// What the service is asked with.
pub(super) fn prefix(password: &str) -> String {
    hash(password)[..TOLD].to_owned()
}

/// What a policy is told of the number: whether it is so large, and at least 1.
pub(super) fn is_enough(times: u32, at_least: u32) -> bool {
    times >= at_least.max(1)
}

/// How often the password stands in the service's answer: of the host's knowledge. Each line costs
/// the same whether it is the password's or not, and all are looked at.
pub(super) fn count(password: &str, answer: &[u8]) -> Result<u32, TrappableFailure> {
    let hash = hash(password);
    let wanted = &hash.as_bytes()[TOLD..];
    let (mut found, mut lines) = (0_u32, 0);
    for line in answer.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let (digits, times) = read(line).ok_or_else(|| no_answer(lines))?;
        let is_it = u32::from(verify_slices_are_equal(&digits, wanted).is_ok());
        found = found.max(is_it * times);
        lines += 1;
    }
    if lines == 0 { Err(no_answer(lines)) } else { Ok(found) }
}

/// In upper case.
fn hash(password: &str) -> Zeroizing<String> {
    let mut hash = Zeroizing::new(String::with_capacity(DIGITS));
    for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref() {
        // Writing to a text does not fail.
        let _ = write!(hash, "{byte:02X}");
    }
    hash
}

/// A line such as `0018A45C4D1DEF81644B54AB7F969B88D65:3`: the digits in upper case, and a number,
/// the largest that there is for what is larger.
fn read(line: &[u8]) -> Option<([u8; DIGITS - TOLD], u32)> {
    let (digits, rest) = line.split_first_chunk::<{ DIGITS - TOLD }>()?;
    let number = str::from_utf8(rest.strip_prefix(b":")?).ok()?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = digits.iter().all(u8::is_ascii_hexdigit);
    let times = number.parse().unwrap_or(u32::MAX);
    (is_hash && is_number).then(|| (digits.map(|digit| digit.to_ascii_uppercase()), times))
}

fn no_answer(lines: usize) -> TrappableFailure {
    TrappableFailure::other(format!(
        "the answer is not that of a service of breached passwords: its line {} is not 35 \
         hexadecimal digits, a colon and a number",
        lines + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-1 of `password`, as `sha1sum` says it.
    const OF_PASSWORD: (&str, &str) = ("5BAA6", "1E4C9B93F3F0682250B6CF8331B7EE68FD8");

    fn counted(answer: &str) -> Result<u32, String> {
        count("password", answer.as_bytes()).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_service_is_told_the_first_digits_of_the_hash_and_no_more() {
        assert_eq!(prefix("password"), OF_PASSWORD.0);
    }

    #[test]
    fn the_number_of_the_passwords_own_line_is_told_wherever_it_stands() {
        let other = "0018A45C4D1DEF81644B54AB7F969B88D65:3";
        let own = format!("{}:10434004", OF_PASSWORD.1);
        let lower = own.to_ascii_lowercase();
        for (answer, times) in [
            (other.to_owned(), 0),
            (format!("{own}\r\n{other}\r\n"), 10_434_004),
            (format!("{other}\n{own}\n"), 10_434_004),
            (format!("{other}\n\n{lower}"), 10_434_004),
            (format!("{}:0\n{other}", OF_PASSWORD.1), 0),
            // Of two lines of one hash the larger one counts, and nothing between them.
            (format!("{0}:1\n{0}:2", OF_PASSWORD.1), 2),
            (format!("{}:99999999999999999999", OF_PASSWORD.1), u32::MAX),
        ] {
            assert_eq!(counted(&answer), Ok(times), "{answer}");
        }
    }

    #[test]
    fn one_bit_is_told_of_an_answer_and_not_the_number() {
        let own = format!("{}:3", OF_PASSWORD.1);
        let padding = format!("{}:0", OF_PASSWORD.1);
        let other = "0018A45C4D1DEF81644B54AB7F969B88D65:3".to_owned();
        for (answer, at_least, told) in [
            (&own, 0, true),
            (&own, 1, true),
            (&own, 3, true),
            (&own, 4, false),
            (&own, u32::MAX, false),
            (&padding, 0, false),
            (&other, 0, false),
        ] {
            let found = is_enough(counted(answer).unwrap(), at_least);
            assert_eq!(found, told, "{answer} at least {at_least}");
        }
    }

    #[test]
    fn what_is_no_answer_of_such_a_service_says_nothing_of_the_password() {
        let good = "0018A45C4D1DEF81644B54AB7F969B88D65:3";
        for answer in [
            String::new(),
            "\r\n\r\n".into(),
            "<html>blocked</html>".into(),
            good.replace(':', ";"),
            good.replace('3', ""),
            good.replace(":3", ":-3"),
            good.replace(":3", ":3 "),
            good.replace('C', "G"),
            good[1..].into(),
            format!("{good}\n{}", &good[..20]),
        ] {
            let fault = counted(&answer).unwrap_err();
            assert!(fault.starts_with("Other"), "{fault}");
            assert!(!fault.contains(OF_PASSWORD.1), "{fault}");
        }
        assert!(count("password", &[0xff; 300]).is_err());
    }
}
