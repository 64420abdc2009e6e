//! What a member of the form must look like.

/// Why a member is turned away: a stable code, and words that follow the member's name ("phone must
/// be …").
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

pub(crate) fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into() }
}

/// A telephone number as E.164 writes it: `+`, then 2 to 15 digits, of which the first is not 0.
pub(crate) fn phone(text: &str) -> Result<(), Fault> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let right = (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    check(right, "must be a phone number with its country code, such as +79999999999")
}

/// At most 50 letters of Latin or Cyrillic script, spaces and hyphens.
pub(crate) fn person_name(text: &str) -> Result<(), Fault> {
    if text.chars().nth(50).is_some() {
        return Err(fault("too_long", "must have at most 50 characters"));
    }
    let right = text
        .chars()
        .all(|character| matches!(character, ' ' | '-') || is_latin_or_cyrillic(character));
    check(right, "must consist of Latin or Cyrillic letters, spaces and hyphens")
}

/// A day of the calendar, as `YYYY-MM-DD`.
pub(crate) fn date(text: &str) -> Result<(), Fault> {
    check(is_date(text), "must be a real date, such as 1993-03-03")
}

fn check(right: bool, message: &str) -> Result<(), Fault> {
    if right { Ok(()) } else { Err(fault("invalid", message)) }
}

/// The letters among the Unicode blocks of the two scripts: Latin from Basic to Extended-B, IPA and
/// Extended Additional; Cyrillic, its Supplement and Extended-B and -C. Signs between them, such as
/// `×`, and combining marks are no letters.
fn is_latin_or_cyrillic(character: char) -> bool {
    let of_the_scripts = matches!(character,
        'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{2AF}' | '\u{1E00}'..='\u{1EFF}'
        | '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' | '\u{A640}'..='\u{A69F}');
    of_the_scripts && character.is_alphabetic()
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    match (number(year, 4), number(month, 2), number(day, 2)) {
        (Some(year), Some(month), Some(day)) => {
            year >= 1 && (1..=days_in(year, month)).contains(&day)
        }
        _ => false,
    }
}

fn number(digits: &str, length: usize) -> Option<u32> {
    let right = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    right.then(|| digits.bytes().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

/// 0 for what is no month.
fn days_in(year: u32, month: u32) -> u32 {
    let leap_year =
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap_year => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, date, person_name, phone};

    /// Every text of either list, which `|` separates.
    fn assert_rule(rule: fn(&str) -> Result<(), Fault>, right: &str, wrong: &str) {
        for text in right.split('|') {
            assert_eq!(rule(text), Ok(()), "{text:?}");
        }
        for text in wrong.split('|') {
            assert!(rule(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn phone_numbers_are_e164() {
        let right = "+79999999999|+12|+123456789012345";
        let wrong = "|+|+1|79999999999|+09999999999|+1234567890123456|+7 999 999|++7999|+7٩٩٩";
        assert_rule(phone, right, wrong);
    }

    #[test]
    fn names_are_latin_or_cyrillic() {
        let right = "Leo|Анна-Мария|Ёж|José Ñandú|Nguyễn|Łukasz|Ґалаґан";
        let wrong = "Leo1|李|Αλέξης|O'Neil|a×b|Leo\u{0}|Leo\n|e\u{301}|😀";
        assert_rule(person_name, right, wrong);
        assert_rule(person_name, &"я".repeat(50), &"я".repeat(51));
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        let right = "1993-03-03|2024-02-29|2000-02-29|1999-12-31";
        let unreal = "1993-02-30|2023-02-29|1900-02-29|1993-13-01|1993-00-10|1993-04-31|0000-01-01";
        let wrong = "|1993|1993-3-3|1993-03-03T00:00|03.03.1993|1993-03-+3|19930303|1993-03-٠٣";
        assert_rule(date, right, unreal);
        assert_rule(date, right, wrong);
    }
}
