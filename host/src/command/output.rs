//! What commands print. A reader that has seen enough, such as `head`, is no fault of ours, and one
//! that is gone or full must not turn into a panic.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::Context as _;

/// Prints a line.
pub(super) fn line(text: impl Display) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .context("standard output cannot be written")
}

/// Whether a command ended because nobody reads its output any more.
pub fn was_closed(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
