//! Logs: JSON lines in production, text for people with `ENV=local`. No line carries a password, a
//! token or a hash.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A filter in the syntax of `RUST_LOG`.
    pub filter: String,
    /// JSON lines, or text for people.
    pub json: bool,
}

/// Starts logging to standard error.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    // lapin logs what it also returns; the relay says it once, in our words.
    let filter = EnvFilter::try_new(format!("lapin=off,{}", settings.filter))?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if settings.json {
        registry
            .with(lines.json().flatten_event(true).with_current_span(false).with_span_list(true))
            .try_init()?;
    } else {
        registry
            .with(lines.compact().with_target(false).with_ansi(std::io::stderr().is_terminal()))
            .try_init()?;
    }
    log_panics();
    Ok(())
}

/// An error and its causes in one line. Some errors have their cause in their own text already: it
/// is said once.
pub fn causes(error: &anyhow::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in error.chain().map(ToString::to_string) {
        if !texts.last().is_some_and(|before| before.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// A panic is a line of the log like any other: where, and what it says of itself; no stack trace.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("(no text)");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, message, "a panic");
    }));
}
