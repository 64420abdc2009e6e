//! The end of the process: what asks for it, and when it has to be over. The first SIGINT, SIGTERM
//! or SIGQUIT asks for an orderly end, the second for an end at once; so does SIGHUP, if the process
//! has a terminal that can hang up. An orderly end has one deadline, which is set when it begins and
//! stays.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What comes so soon after the first signal is the same wish told again: Ctrl-C reaches a parent
/// and its child, and the parent passes it on.
const REPEAT: Duration = Duration::from_secs(1);

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
        let (mut quit, mut hang_up) = (signal(SignalKind::quit())?, signal(SignalKind::hangup())?);
        let has_terminal = std::io::stdin().is_terminal();
        let signals = Self::default();
        let heard = signals.clone();
        tokio::spawn(async move {
            let mut begun = None;
            while !heard.second.is_cancelled() {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = quit.recv() => {}
                    _ = hang_up.recv() => if !has_terminal {
                        tracing::info!(
                            "SIGHUP is ignored: policies and their settings are looked at all the \
                             time, other settings need a restart"
                        );
                        continue;
                    }
                }
                heard.hear(begun.get_or_insert_with(Instant::now).elapsed());
            }
        });
        Ok(signals)
    }

    /// A signal, so long after the first one.
    fn hear(&self, after_the_first: Duration) {
        if !self.first.is_cancelled() {
            self.first.cancel();
        } else if after_the_first >= REPEAT {
            self.second.cancel();
        }
    }
}

/// Answers that we stopped writing because their clients did not take them in time. All clones are
/// one.
#[derive(Clone, Default)]
pub struct CutAnswers(Arc<AtomicUsize>);

impl CutAnswers {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Since the start of the process.
    pub fn so_far(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// When the stop has to be over. All clones are one: whoever has to end in time reads it here.
#[derive(Clone)]
pub struct StopDeadline {
    end: Arc<OnceLock<Instant>>,
    begun: CancellationToken,
    usual: Duration,
}

impl StopDeadline {
    /// No stop has begun. A part that is told to stop all the same has `usual` to end.
    pub fn new(usual: Duration) -> Self {
        Self { end: Arc::default(), begun: CancellationToken::new(), usual }
    }

    /// The stop begins, and has to be over in that time; a second beginning changes nothing.
    pub fn begin(&self, time: Duration) -> Instant {
        let end = *self.end.get_or_init(|| Instant::now() + time);
        self.begun.cancel();
        end
    }

    /// Waits for the stop, and then for half of its time: what is only a courtesy ends here.
    pub async fn half_over(&self) {
        self.begun.cancelled().await;
        tokio::time::sleep(self.left() / 2).await;
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
    fn a_signal_that_is_told_again_within_a_second_is_one_signal() {
        let signals = Signals::default();
        signals.hear(Duration::ZERO);
        assert!(signals.first.is_cancelled());
        signals.hear(Duration::from_millis(999));
        assert!(!signals.second.is_cancelled());
        signals.hear(Duration::from_secs(1));
        assert!(signals.second.is_cancelled());
    }

    #[test]
    fn after_its_deadline_a_stop_has_no_time_left() {
        let deadline = StopDeadline::new(Duration::from_secs(30));
        deadline.begin(Duration::ZERO);
        assert_eq!(deadline.left(), Duration::ZERO);
    }
}
