//! Signals: the first SIGINT or SIGTERM asks for an orderly end, the second for an end at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What was asked for so far.
#[derive(Clone, Default)]
pub struct Signals {
    /// An orderly end.
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
