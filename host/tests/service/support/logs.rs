//! The log of all services of this test binary, as lines of JSON in memory. Tests run side by side:
//! a line is found by something that only this test can have caused, such as its request's id.

use std::io;
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static TEXT: Mutex<String> = Mutex::new(String::new());

struct Memory;

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TEXT.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts to write everything down that a curious operator could ask for.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(true)
            .with_writer(|| Memory);
        tracing_subscriber::registry()
            .with(EnvFilter::new("info,auth_host=trace,sqlx=debug,hyper=debug"))
            .with(lines)
            .init();
    });
}

/// Where the log ends now.
pub(crate) fn mark() -> usize {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// Whether the log holds a text after a mark.
pub(crate) fn holds(mark: usize, text: &str) -> bool {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner)[mark..].contains(text)
}

/// The lines after a mark that hold a text.
pub(crate) fn lines_with(mark: usize, text: &str) -> Vec<Value> {
    let log = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
    log[mark..]
        .lines()
        .filter(|line| line.contains(text))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
