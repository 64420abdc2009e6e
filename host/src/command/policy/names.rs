//! What people call releases and places: `login/42`, `login`.

use std::fmt;
use std::str::FromStr;

/// A release by its place and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseName {
    pub place: String,
    pub number: i64,
}

impl FromStr for ReleaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "a release is named by its place and its number, such as login/42";
        let (name, number) = text.split_once('/').ok_or(FORM)?;
        let number: i64 = number.parse().map_err(|_| FORM)?;
        if number < 1 {
            return Err(FORM.into());
        }
        Ok(Self { place: place(name)?, number })
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.place, self.number)
    }
}

/// A place's name; which places there are, the host knows.
pub(super) fn place(text: &str) -> Result<String, String> {
    let of_a_name =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && text.len() <= 64 && text.chars().all(of_a_name) {
        return Ok(text.to_owned());
    }
    Err("a place is named in small letters, such as register, login or refresh".into())
}

/// The beginning of a digest, for people.
pub(super) fn short(digest: &str) -> String {
    let beginning: String = digest.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_place_and_a_number() {
        let name: ReleaseName = "login/42".parse().unwrap();
        assert_eq!((name.place.as_str(), name.number), ("login", 42));
        assert_eq!(name.to_string(), "login/42");
        for wrong in [
            "login",
            "42",
            "login/",
            "login/x",
            "/42",
            "login/0",
            "login/-1",
            "Login/1",
            "../login/1",
            "lo gin/1",
            "login/42/1",
            "login/99999999999999999999",
        ] {
            assert!(wrong.parse::<ReleaseName>().is_err(), "{wrong:?} was taken");
        }
    }
}
