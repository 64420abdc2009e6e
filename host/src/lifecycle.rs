//! The life of the process after its parts were made: it serves until it is told to stop, and then
//! ends in order.

use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::http::Server;
use crate::shutdown::{CutAnswers, Signals, StopDeadline};
use crate::store::Store;

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything in flight was finished.
    Drained,
    /// A part of the service ended by itself.
    PartFailed,
    /// A time limit came first, the stop's or that of an answer; requests or answers in flight were
    /// cut off.
    TimeLimit,
    /// A second signal came first; requests in flight were cut off.
    SecondSignal,
}

impl Ended {
    /// As `docs/architecture.md` lists them.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::PartFailed => 1,
            Self::TimeLimit => 3,
            Self::SecondSignal => 4,
        }
    }
}

/// How much time an orderly end gets.
#[derive(Debug, Clone)]
pub struct ShutdownSettings {
    /// For requests in flight.
    pub timeout: Duration,
    /// How long requests are still taken while `/readyz` says no.
    pub delay: Duration,
}

/// A part that runs until it is told to stop. One that ends before is a fault of ours: the service
/// ends with it.
pub struct Background {
    /// Its lines of the log are in this span.
    pub span: tracing::Span,
    /// Its whole life.
    pub run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What lives until the end.
pub struct Service {
    /// One for each listener.
    pub servers: Vec<Server>,
    /// What runs beside the servers and ends after the last request: each with the name of its
    /// span.
    pub background: Vec<Background>,
    /// Tells what runs in the background to stop.
    pub stop_background: CancellationToken,
    /// Work that must end even if its client is gone.
    pub tasks: TaskTracker,
    pub store: Store,
    /// Tells everybody when the end has to be over.
    pub stopping: StopDeadline,
    /// Answers that were not written to their end.
    pub cut_answers: CutAnswers,
    /// How much time the end gets.
    pub shutdown: ShutdownSettings,
}

impl Service {
    /// Serves until it is told to stop.
    pub async fn run(self, stop: Signals) -> Ended {
        let stop_http = CancellationToken::new();
        let (mut http, mut background) = (JoinSet::new(), JoinSet::new());
        for server in self.servers {
            http.spawn(server.serve(stop_http.clone()));
        }
        for Background { span, run } in self.background {
            background.spawn(run.instrument(span));
        }

        let mut ended = Ended::Drained;
        tokio::select! {
            () = stop.first.cancelled() => tracing::info!("stopping"),
            _ = http.join_next() => ended = Ended::PartFailed,
            _ = background.join_next() => ended = Ended::PartFailed,
        }
        if ended == Ended::PartFailed {
            tracing::error!("a part of the service ended by itself; stopping");
        }
        let ShutdownSettings { delay, timeout } = self.shutdown;
        let cut_before = self.cut_answers.so_far();
        let end = self.stopping.begin(delay + timeout);
        let drain = async {
            tokio::time::sleep(delay).await;
            stop_http.cancel();
            while http.join_next().await.is_some() {}
            self.tasks.close();
            self.tasks.wait().await;
            // What the last requests committed is still in reach: the relay ends after the batch in
            // hand.
            self.stop_background.cancel();
            while background.join_next().await.is_some() {}
            self.store.close().await;
        };
        tokio::select! {
            drained = timeout_at(end, drain) => if drained.is_err() { ended = Ended::TimeLimit },
            () = stop.second.cancelled() => ended = Ended::SecondSignal,
        }
        let cut_answers = self.cut_answers.so_far() - cut_before;
        if cut_answers > 0 {
            tracing::warn!(cut_answers, "clients did not take their answers in time");
            if ended == Ended::Drained {
                ended = Ended::TimeLimit;
            }
        }
        match ended {
            Ended::Drained => tracing::info!("stopped; everything in flight was finished"),
            ended => tracing::warn!(?ended, "stopped before everything in flight was finished"),
        }
        ended
    }
}
