//! How long this thread was kept from a processor although it had work, as the system counts it.
//! Without it, a thread that gives way to others would seem to compute while it waits.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

thread_local! {
    /// Opened once a thread: it stays the thread's own. Only Linux has it.
    static OF_THREAD: Option<File> = File::open("/proc/thread-self/schedstat").ok();
}

/// In nanoseconds; it only grows. 0 where the system does not tell.
pub(super) fn kept_from_processor() -> u64 {
    let read = |file: &Option<File>| {
        let mut text = [0; 64];
        let bytes = file.as_ref()?.read_at(&mut text, 0).ok()?;
        nanoseconds(str::from_utf8(&text[..bytes]).ok()?)
    };
    OF_THREAD.try_with(read).ok().flatten().unwrap_or(0)
}

/// Whether the system tells. Where it does not, the processor time of a thread that gives way is
/// more than it had.
pub fn tells_waiting() -> bool {
    OF_THREAD.try_with(Option::is_some).unwrap_or(false)
}

/// The time on a processor, the time waited for one, and how often it got one.
fn nanoseconds(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_number_is_the_time_waited() {
        assert_eq!(nanoseconds("1200 3400 5\n"), Some(3400));
        assert_eq!(nanoseconds("0\n"), None);
        assert!(kept_from_processor() <= kept_from_processor());
    }
}
