//! What callers write, and the bounds of it.

use super::codes;
use crate::clock::Timestamp;
use crate::contract::Slot;
use crate::errors::ApiError;

use super::moments::read_moment;

/// The most characters of a message.
const MESSAGE: usize = 1000;

/// A value that is not of its form.
pub(super) fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::of_field(codes::MALFORMED_VALUE, field, message)
}

/// A message for the history.
pub(super) fn message(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    if text.chars().count() > MESSAGE {
        return Err(wrong("message", "has more than 1000 characters"));
    }
    if text.chars().any(|c| is_obeyed(c) && c != '\n') {
        let message = "holds control characters, or ones that break a line or turn its direction";
        return Err(wrong("message", message));
    }
    Ok(text)
}

/// What is not shown but obeyed: with it a line would look like others than it is.
fn is_obeyed(c: char) -> bool {
    let turns = ['\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    c.is_control() || turns.iter().any(|range| range.contains(&c))
}

/// A place that there is: the slot that it belongs to.
pub(super) fn place(text: &str) -> Result<Slot, ApiError> {
    Slot::ALL.into_iter().find(|slot| slot.as_str() == text).ok_or_else(|| {
        let names = Slot::ALL.map(Slot::as_str).join(", ");
        let text: String = text.chars().take(64).collect();
        let message = format!("there is no place {text:?}. The places are: {names}");
        ApiError::with_message(codes::UNKNOWN_PLACE, message)
    })
}

/// `login/42`.
pub(super) fn release(text: &str) -> Result<(Slot, i64), ApiError> {
    let (of, number) = text
        .split_once('/')
        .ok_or_else(|| wrong("release", "is not a release such as login/42"))?;
    Ok((place(of)?, self::number("release", number)?))
}

/// The number of a release.
pub(super) fn number(field: &str, text: &str) -> Result<i64, ApiError> {
    let number = text.parse().ok().filter(|number: &i64| *number > 0);
    number.ok_or_else(|| wrong(field, "is not the number of a release, such as 42"))
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(text: &str) -> Result<&str, ApiError> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() == 64 && text.bytes().all(is_hex) {
        Ok(text)
    } else {
        Err(wrong("digest", "is not a SHA-256 in 64 lower-case hexadecimal digits"))
    }
}

/// A time that is still to come.
pub(super) fn future(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let time = read_moment(text)
        .ok_or_else(|| wrong(field, "is not a time such as 2027-01-02T08:00:00Z"))?;
    if time <= now {
        return Err(wrong(field, "is past"));
    }
    Ok(time)
}
