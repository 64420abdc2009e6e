//! The start of the log, what it says of errors and panics, and its end.

use std::io::{IsTerminal as _, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use prometheus::IntCounter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Queue;
use crate::metrics::{Meter, MeterError};

/// Lines that may wait for standard error: minutes of ordinary traffic.
const WAITING_BYTES: usize = 4 << 20;
/// The time that the last lines get at the end of the process.
const END: Duration = Duration::from_secs(1);

/// The only way to standard error: whoever wrote to it past the queue could be held up by it.
#[expect(clippy::expect_used, reason = "a process that can have no thread cannot start")]
static QUEUE: LazyLock<Queue> = LazyLock::new(|| {
    Queue::start(WAITING_BYTES, DROPPED.clone(), std::io::stderr()).expect("a thread for the log")
});

#[expect(clippy::expect_used, reason = "the name is valid")]
static DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    let help = "Lines of the log that were dropped: standard error was not read, or not writable";
    IntCounter::new("auth_log_lines_dropped_total", help).expect("a counter")
});

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
    // lapin logs what it also returns; the relay says it once, in our words. sqlx warns of each slow
    // statement and each wait for a connection: of every request, while the database is slow.
    let filter = EnvFilter::try_new(format!("lapin=off,sqlx=error,{}", settings.filter))?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(|| QUEUE.clone());
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

/// Registers what the log itself is measured by.
pub fn measure(meter: &Meter) -> Result<(), MeterError> {
    meter.add_line(DROPPED.clone()).map(drop)
}

/// A line for people, such as why there was no start; whether or not the log was started.
pub fn say(text: &str) {
    let _ = QUEUE.clone().write_all(format!("{text}\n").as_bytes());
}

/// Kept until the process ends: then the last lines are written, as far as somebody takes them
/// within a second.
#[must_use]
pub struct Written;

impl Drop for Written {
    fn drop(&mut self) {
        QUEUE.flush_within(END);
    }
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
