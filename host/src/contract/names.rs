//! The form of the names that policies choose: of attributes, claims, events, codes and metrics.

/// A lower-case letter, then lower-case letters, digits and one separator; at most so many
/// characters.
pub fn is_name(text: &str, separator: char, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator)
}
