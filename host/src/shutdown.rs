//! The end of the process: what asks for it, and when it has to be over. The first SIGINT or
//! SIGTERM asks for an orderly end, the second for an end at once. An orderly end has one deadline,
//! which is set when it begins and stays.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What was asked for so far.
#[derive(Clone, Default)]
pub struct Signals {
    pub first: CancellationToken,
    /// An end at once.
    pub second: CancellationToken,
}

impl Signals {
    /// Listens to the process's signals.
    pub fn listen() -> std::io::Result<Self> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let signals = Self::default();
        let heard = signals.clone();
        tokio::spawn(async move {
            for token in [&heard.first, &heard.second] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(signals)
    }
}

/// When the stop has to be over. All clones are one: whoever has to end in time reads it here.
#[derive(Clone)]
pub struct StopDeadline {
    end: Arc<OnceLock<Instant>>,
    usual: Duration,
}

impl StopDeadline {
    /// No stop has begun. A part that is told to stop all the same has `usual` to end.
    pub fn new(usual: Duration) -> Self {
        Self { end: Arc::default(), usual }
    }

    /// The stop begins, and has to be over in that time; a second beginning changes nothing.
    pub fn begin(&self, time: Duration) -> Instant {
        *self.end.get_or_init(|| Instant::now() + time)
    }

    /// Whether the stop has begun.
    pub fn has_begun(&self) -> bool {
        self.end.get().is_some()
    }

    /// How much time there is to end in.
    pub fn left(&self) -> Duration {
        self.end.get().map_or(self.usual, |end| end.duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_of_a_stop_is_set_once_for_all_who_share_it() {
        let deadline = StopDeadline::new(Duration::from_secs(30));
        let shared = deadline.clone();
        assert!(!shared.has_begun());
        assert_eq!(shared.left(), Duration::from_secs(30));

        let end = deadline.begin(Duration::from_secs(10));
        assert!(shared.has_begun());
        assert!(shared.left() <= Duration::from_secs(10));
        assert_eq!(shared.begin(Duration::from_secs(20)), end);
    }

    #[test]
    fn after_its_deadline_a_stop_has_no_time_left() {
        let deadline = StopDeadline::new(Duration::from_secs(30));
        deadline.begin(Duration::ZERO);
        assert_eq!(deadline.left(), Duration::ZERO);
    }
}
