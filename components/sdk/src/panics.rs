//! What a panic of a policy leaves behind: one line in the host's log. Without it a panic is a bare
//! trap, and nobody learns where.

use crate::log::{self, Level};
use std::panic::PanicHookInfo;

/// As long as a log line may be.
const MESSAGE_CHARACTERS: usize = 1_024;

/// Called by the slot macros at the beginning of each call, before the policy's own code.
#[doc(hidden)]
pub fn report_panics() {
    std::panic::set_hook(Box::new(report));
}

/// Names the place. The message is added only if it stands literally in the code: a formatted
/// one may hold a person's data (`unwrap` prints the value it met, slicing prints the text it cut).
fn report(panic: &PanicHookInfo<'_>) {
    let mut message = String::from("the policy panicked");
    if let Some(place) = panic.location() {
        message = format!("{message} at {}:{}:{}", place.file(), place.line(), place.column());
    }
    if let Some(literal) = panic.payload().downcast_ref::<&'static str>() {
        message = format!("{message}: {literal}");
    }
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARACTERS) {
        message.truncate(end);
    }
    log::write(Level::Error, &message, &[]);
}
