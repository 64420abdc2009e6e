//! What the WIT's comments and the documentation promise, for tests that hold the bounds to it: a
//! number that changes on one side only fails there.

use crate::contract::wit;

const AUTHORS: &str = include_str!("../../../../docs/policy-authors.md");
const ARCHITECTURE: &str = include_str!("../../../../docs/architecture.md");

/// Where a sentence stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Page {
    Wit,
    Authors,
    Architecture,
}

/// Asserts that a page has a sentence, with each `{}` filled with a value.
pub(super) fn promises(page: Page, sentence: &str, values: &[&String]) {
    let text = match page {
        Page::Wit => wit::TEXT.replace("///", " "),
        Page::Authors => AUTHORS.to_owned(),
        Page::Architecture => ARCHITECTURE.to_owned(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = sentence.split("{}");
    let mut promised = parts.next().unwrap().to_owned();
    let mut values = values.iter();
    for part in parts {
        promised += values.next().expect("a value for each {}");
        promised += part;
    }
    assert!(values.next().is_none(), "a {{}} for each value: {sentence}");
    assert!(text.contains(&promised), "{page:?} does not promise what holds: {promised}");
}

/// A number with a comma before each three digits.
pub(super) fn number(value: impl TryInto<u64>) -> String {
    let digits = value.try_into().ok().expect("not negative").to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// Bytes in the largest unit that divides them.
pub(super) fn bytes(value: impl TryInto<u64>) -> String {
    let value = value.try_into().ok().expect("not negative");
    match value {
        _ if value % (1 << 20) == 0 => format!("{} MiB", number(value >> 20)),
        _ if value % (1 << 10) == 0 => format!("{} KiB", number(value >> 10)),
        _ => format!("{} bytes", number(value)),
    }
}

/// The form of a name of at most so many bytes.
pub(super) fn name(bytes: usize) -> String {
    format!("[a-z][a-z0-9_]{{0,{}}}", bytes - 1)
}
