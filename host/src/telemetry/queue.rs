//! Lines on their way out: a thread of its own writes them, so that a reader that stops reading
//! (a stuck pipe, a full disk) holds up nobody else. The queue is bounded in bytes; what finds it
//! full is dropped and counted, and told in the log when it flows again.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntCounter;
use tokio::time::Instant;

/// How often a log that goes on losing lines says so.
const TELL: Duration = Duration::from_secs(1);

thread_local! {
    /// Whether this thread is the one that writes: what it says itself always has room.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// One queue; all clones are the same. As a writer it takes a whole line at a time, at once.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write.
    filled: Condvar,
    /// Everything was written.
    emptied: Condvar,
    bytes: usize,
    dropped: IntCounter,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// Of these lines and of the one that is being written.
    bytes: usize,
}

impl Queue {
    /// A queue of so many bytes, and the thread that writes its lines to `out`, for as long as the
    /// process lives. Lines that do not get there are counted in `dropped`.
    pub fn start(
        bytes: usize,
        dropped: IntCounter,
        out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Self(Arc::new(Shared {
            waiting: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            bytes,
            dropped,
        }));
        let lines = queue.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || lines.write_to(out))?;
        Ok(queue)
    }

    /// Waits until everything is written, but no longer than that.
    pub fn flush_within(&self, time: Duration) {
        let lines = self.lines();
        let waited = self.0.emptied.wait_timeout_while(lines, time, |lines| lines.bytes > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lines();
        if waiting.bytes + line.len() > self.0.bytes && !WRITES.get() {
            self.0.dropped.inc();
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line.to_vec());
        drop(waiting);
        self.0.filled.notify_one();
    }

    /// Nobody holds them while writing.
    fn lines(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Vec<u8> {
        let waiting = self.0.filled.wait_while(self.lines(), |waiting| waiting.lines.is_empty());
        waiting.unwrap_or_else(PoisonError::into_inner).lines.pop_front().unwrap_or_default()
    }

    /// A line was written, or could not be; whether it was the last one.
    fn done(&self, bytes: usize) -> bool {
        let mut waiting = self.lines();
        waiting.bytes -= bytes;
        if waiting.bytes == 0 {
            self.0.emptied.notify_all();
        }
        waiting.bytes == 0
    }

    fn write_to(&self, mut out: impl Write) {
        WRITES.set(true);
        let (mut told, mut told_at) = (0, Instant::now());
        loop {
            let line = self.next();
            let written = out.write_all(&line).and_then(|()| out.flush()).is_ok();
            if !written {
                self.0.dropped.inc();
            }
            let dropped = self.0.dropped.get();
            // Before the line counts as done: who waits for the end of the log waits for this, too.
            let flows = || self.lines().lines.is_empty() || told_at.elapsed() >= TELL;
            if written && dropped > told && flows() {
                tracing::warn!(
                    lines = dropped - told,
                    "lines of the log were dropped: standard error was not read fast enough, or \
                     could not be written"
                );
                (told, told_at) = (dropped, Instant::now());
            }
            self.done(line.len());
        }
    }
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Passes on each line when it is asked for.
    struct Reader(mpsc::SyncSender<String>);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let line = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(line).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue(bytes: usize) -> (Queue, IntCounter, mpsc::Receiver<String>) {
        let dropped = IntCounter::new("dropped", "dropped").unwrap();
        let (sender, receiver) = mpsc::sync_channel(0);
        (Queue::start(bytes, dropped.clone(), Reader(sender)).unwrap(), dropped, receiver)
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_the_rest_comes_in_order() {
        let (queue, dropped, reader) = queue(100);
        for number in 0..30 {
            queue.push(format!("line {number:04}\n").as_bytes());
        }
        assert_eq!(dropped.get(), 20, "ten lines of ten bytes have room");
        for number in 0..10 {
            assert_eq!(reader.recv().unwrap(), format!("line {number:04}\n"));
        }
        queue.flush_within(Duration::from_mins(1));
        queue.push(b"room again\n");
        assert_eq!(reader.recv().unwrap(), "room again\n");
        assert_eq!(dropped.get(), 20);
    }

    #[test]
    fn the_end_waits_for_the_last_line_but_not_for_a_reader_that_never_reads() {
        let (queue, _, reader) = queue(100);
        queue.push(b"the last line\n");
        queue.flush_within(Duration::from_millis(1));
        let end = {
            let queue = queue.clone();
            std::thread::spawn(move || queue.flush_within(Duration::from_mins(1)))
        };
        assert_eq!(reader.recv().unwrap(), "the last line\n");
        end.join().unwrap();
        assert_eq!(queue.lines().bytes, 0);
    }

    #[test]
    fn an_output_that_is_gone_costs_lines_and_nothing_else() {
        let (queue, dropped, reader) = queue(100);
        drop(reader);
        for _ in 0..5 {
            queue.push(b"for nobody\n");
            queue.flush_within(Duration::from_mins(1));
        }
        assert_eq!(dropped.get(), 5);
    }
}
