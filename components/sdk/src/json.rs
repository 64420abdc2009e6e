//! JSON texts of single values, as settings, attributes and claims mostly are, from and to values
//! of Rust.
//!
//! `serde_json` would double the size of a default policy, and every byte is compiled again at each
//! swap. A policy that reads arrays or objects adds it as a dependency of its own: the host hands
//! out texts that it has checked.

use crate::Failure;

/// What [`read`] can make of a JSON text: `bool`, the integers, `f64`, [`String`], and an
/// [`Option`] of these, for which `null` is `None`.
pub trait FromJson: Sized {
    /// The value of the JSON text; none if the text is of another type, or a number out of
    /// range.
    fn from_json(text: &str) -> Option<Self>;
}

/// Reads a JSON text.
///
/// Fails with [`Failure::Other`] if the text is not a `T`; passed on with `?`, that is a fault
/// of the policy. The failure does not repeat the text, which may be a person's data.
pub fn read<T: FromJson>(text: &str) -> Result<T, Failure> {
    T::from_json(text.trim()).ok_or_else(|| {
        Failure::Other("a JSON text is not of the type that the policy expects".to_owned())
    })
}

/// Writes a text as a JSON text, with its quotation marks. Numbers and truth values write
/// themselves: `12.to_string()`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\u{1F}' => quoted.push_str(&control(character)),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// `\u` and the number of a control character, all of which are below 32.
fn control(character: char) -> String {
    let number = character as u32;
    let last_digit = char::from_digit(number % 16, 16).unwrap_or('0');
    let mut escaped = String::from(if number < 16 { "\\u000" } else { "\\u001" });
    escaped.push(last_digit);
    escaped
}

macro_rules! from_json_through_parse {
    ($($number:ty),*) => { $(
        impl FromJson for $number {
            fn from_json(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )* };
}

from_json_through_parse!(bool, u8, u16, u32, u64, i8, i16, i32, i64, f64);

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(text: &str) -> Option<Self> {
        if text == "null" { Some(None) } else { T::from_json(text).map(Some) }
    }
}

impl FromJson for String {
    fn from_json(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
        let mut value = Self::with_capacity(rest.len());
        while let Some((plain, escaped)) = rest.split_once('\\') {
            value.push_str(plain);
            let (character, after) = unescape(escaped)?;
            value.push(character);
            rest = after;
        }
        value.push_str(rest);
        Some(value)
    }
}

/// The character that an escape stands for, given what follows the backslash, and what follows the
/// escape.
fn unescape(escaped: &str) -> Option<(char, &str)> {
    let (kind, after) = escaped.split_at_checked(1)?;
    let character = match kind {
        "u" => return unescape_unit(after),
        "n" => '\n',
        "t" => '\t',
        "r" => '\r',
        "b" => '\u{8}',
        "f" => '\u{C}',
        "\"" | "\\" | "/" => char::from(kind.as_bytes()[0]),
        _ => return None,
    };
    Some((character, after))
}

/// Four hexadecimal digits are a character, or the first half of a pair of surrogates (RFC 8259,
/// section 7).
fn unescape_unit(digits: &str) -> Option<(char, &str)> {
    let (first, after) = unit(digits)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, after));
    }
    let (second, after) = unit(after.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, after))
}

fn unit(digits: &str) -> Option<(u16, &str)> {
    let (four, after) = digits.split_at_checked(4)?;
    let number = u16::from_str_radix(four, 16).ok().filter(|_| !four.starts_with('+'))?;
    Some((number, after))
}

#[cfg(test)]
mod tests {
    use super::{FromJson, quote};

    #[test]
    fn texts_are_read() {
        let text = |json: &str| String::from_json(json);
        assert_eq!(text(r#""Leo""#).as_deref(), Some("Leo"));
        assert_eq!(
            text(r#""a\"b\\c\/d\né\uD83D\uDE00""#).as_deref(),
            Some("a\"b\\c/d\n\u{e9}\u{1F600}")
        );
        assert_eq!(text(r#""\u042F\u0431""#).as_deref(), Some("Яб"));
        let wrong = r#"12 null " "\uD83D" "\uDE00\uD83D" "\u12" "\u+123" "\x" [] "\""#;
        for wrong in wrong.split(' ').chain([""]) {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_values_are_read() {
        assert_eq!(u32::from_json("12"), Some(12));
        assert_eq!(u8::from_json("300"), None);
        assert_eq!(u32::from_json("\"12\""), None);
        assert_eq!(bool::from_json("true"), Some(true));
        assert_eq!(Option::<String>::from_json("null"), Some(None));
        assert_eq!(Option::<String>::from_json("\"a\""), Some(Some("a".to_owned())));
        assert_eq!(Option::<String>::from_json("1"), None);
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in ["", "Leo", "a\"b\\c", "\0\u{1}\n\u{1f}", "Ёж 😀"] {
            assert_eq!(String::from_json(&quote(text)).as_deref(), Some(text));
        }
        assert_eq!(quote("\u{1f}\n"), r#""\u001f\u000a""#);
    }
}
