//! What commands print. A reader that has seen enough, such as `head`, is no fault of ours, and one
//! that is gone or full must not turn into a panic. Texts of other people stay within their line,
//! and cannot move the cursor.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::Context as _;
use serde::Serialize;

use crate::clock::{self, Timestamp};

/// Prints a line.
pub(super) fn line(text: impl Display) -> anyhow::Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    output
        .write_all(bytes)
        .and_then(|()| output.flush())
        .context("standard output cannot be written")
}

/// Prints a document. What a terminal would obey is escaped: it can only stand within texts.
pub(super) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    let harmless = text.chars().map(|c| match c {
        c if c != '\n' && is_obeyed(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    line(harmless.collect::<String>())
}

/// Whether a command ended because nobody reads its output any more.
pub fn was_closed(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// A text of somebody else's, for a terminal: it stays within its line, and cannot move the cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars().take(200).flat_map(shown).collect()
}

/// The same of a text that is as long as it must be.
pub(super) fn escaped(text: &str) -> String {
    text.chars().take(4000).flat_map(shown).collect()
}

fn shown(c: char) -> Vec<char> {
    if is_obeyed(c) { c.escape_debug().collect() } else { vec![c] }
}

/// Whether a terminal would do something else than show it.
fn is_obeyed(c: char) -> bool {
    // What turns the direction of a text around would show another one than was written.
    let turns = ['\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    c.is_control() || turns.iter().any(|range| range.contains(&c))
}

/// RFC 3339, UTC.
pub(super) fn moment(time: Timestamp) -> String {
    clock::moment(time)
}

/// A time that was told as RFC 3339, to the second.
pub(super) fn seconds(time: &str) -> String {
    let whole = plain(time);
    match (whole.split_once('.'), whole.ends_with('Z')) {
        (Some((seconds, _)), true) => format!("{seconds}Z"),
        _ => whole,
    }
}

/// Rows below a head, in columns that are as wide as they must be; numbers stand at the right.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let width = |text: &str| text.chars().count();
    let columns: Vec<(usize, bool)> = head
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = || rows.iter().filter_map(|row| row.get(column));
            let widest = cells().map(|cell| width(cell)).max().unwrap_or(0).max(width(name));
            let numbers = cells().all(|cell| !cell.is_empty() && is_number(cell));
            (widest, numbers && !rows.is_empty())
        })
        .collect();
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let mut lines = Vec::new();
    for row in std::iter::once(&head).chain(&rows) {
        let cells = row.iter().zip(&columns).map(|(cell, (wide, right))| {
            let space = " ".repeat(wide - width(cell));
            if *right { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        lines.push(cells.collect::<Vec<_>>().join("   ").trim_end().to_owned());
    }
    lines.join("\n")
}

fn is_number(text: &str) -> bool {
    let number = text.strip_suffix(" %").or(text.strip_suffix(" ms")).unwrap_or(text);
    text == "-" || number.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns_and_nobody_elses_control_characters() {
        let rows = [
            vec!["login".to_owned(), "1,204".to_owned(), "why\u{1b}[2J\u{202e}".to_owned()],
            vec!["register".to_owned(), "7".to_owned(), String::new()],
        ];
        let lines = table(&["place", "calls", "message"], &rows);
        let expected = [
            "place      calls   message",
            "login      1,204   why\\u{1b}[2J\\u{202e}",
            "register       7",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn numbers_with_a_unit_stand_at_the_right() {
        let rows = [vec!["1.25 %".to_owned(), "a".to_owned()], vec!["10.0 ms".to_owned()]];
        assert_eq!(table(&["now", ""], &rows), "    now\n 1.25 %   a\n10.0 ms");
    }
}
