//! `settings`: the secrets that a call was told, and what keeps them out of whatever is read by
//! others: a policy that puts one into a line of the log does so by mistake.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contract::bindings::types::Failure;
use crate::secrets::SecretValue;

/// Shorter ones stand in too many words to be taken out of a text.
const LEAST_CHARACTERS: usize = 6;
/// What is read instead.
const INSTEAD: &str = "[secret]";

/// The secrets that a call was told: they stay the same while it runs.
#[derive(Default)]
pub struct Told(BTreeMap<String, SecretValue>);

impl Told {
    /// What it was told before, or what it is told now.
    pub(crate) fn get_or(
        &mut self,
        name: &str,
        now: impl FnOnce() -> Option<SecretValue>,
    ) -> Option<SecretValue> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), now()?);
        }
        self.0.get(name).map(Arc::clone)
    }

    /// These, and those of the place as they are now: one may have changed meanwhile.
    pub(super) fn hidden_with(&self, mut of_place: Vec<SecretValue>) -> Hidden {
        of_place.extend(self.0.values().map(Arc::clone));
        Hidden::new(of_place)
    }
}

/// Values that nobody reads.
pub struct Hidden(Vec<SecretValue>);

impl Hidden {
    fn new(mut values: Vec<SecretValue>) -> Self {
        values.retain(|value| value.chars().count() >= LEAST_CHARACTERS);
        // One may be a part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// A text with none of them in it.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, value| {
            let value = value.as_str();
            if text.contains(value) { Cow::Owned(text.replace(value, INSTEAD)) } else { text }
        })
    }

    /// A failure with none of them in it.
    pub(super) fn hide_in(&self, failure: Failure) -> Failure {
        let hide = |text: String| self.hide(&text).into_owned();
        match failure {
            Failure::Unavailable(seconds) => Failure::Unavailable(seconds),
            Failure::Denied(text) => Failure::Denied(hide(text)),
            Failure::Limit(text) => Failure::Limit(hide(text)),
            Failure::Other(text) => Failure::Other(hide(text)),
        }
    }

    /// Whether one of them stands in a text.
    pub(crate) fn stand_in(&self, text: &str) -> bool {
        self.0.iter().any(|value| text.contains(value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn hidden(values: &[&str]) -> Hidden {
        Hidden::new(values.iter().map(|value| Arc::new(Zeroizing::new((*value).into()))).collect())
    }

    #[test]
    fn every_secret_is_taken_out_of_a_text_wherever_it_stands() {
        let hidden = hidden(&["sesame", "open sesame", "short", "k\te y\u{fc}"]);
        for (text, rest) in [
            ("nothing", "nothing"),
            ("sesame", "[secret]"),
            ("say open sesame, sesame!", "say [secret], [secret]!"),
            ("sesamesesame", "[secret][secret]"),
            ("a short word", "a short word"),
            ("k\te y\u{fc}", "[secret]"),
        ] {
            assert_eq!(hidden.hide(text), rest);
            assert_eq!(hidden.stand_in(text), text != rest, "{text}");
        }
    }

    #[test]
    fn what_a_call_was_told_it_is_told_again() {
        let value = |text: &str| Some(Arc::new(Zeroizing::new(text.to_owned())));
        let mut told = Told::default();
        assert!(told.get_or("key", || None).is_none());
        assert_eq!(told.get_or("key", || value("before")).unwrap().as_str(), "before");
        assert_eq!(told.get_or("key", || value("after")).unwrap().as_str(), "before");
    }
}
