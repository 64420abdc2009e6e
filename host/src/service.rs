//! The service's life after it was built: it serves until it is told to stop, and then ends in
//! order.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::app::App;
use crate::http::server;
use crate::outbox;
use crate::policy::source::PolicyDirectory;
use crate::{housekeeping, shutdown};

/// How the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything in flight was finished.
    Drained,
    /// A part of the service ended by itself.
    PartFailed,
    /// The time limit came first; requests in flight were cut off.
    TimeLimit,
    /// A second signal came first; requests in flight were cut off.
    SecondSignal,
}

impl Ended {
    /// The process's exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::PartFailed => 1,
            Self::TimeLimit => 3,
            Self::SecondSignal => 4,
        }
    }
}

/// Serves on `listener` until `stop` is asked to.
pub async fn run(
    app: Arc<App>,
    listener: TcpListener,
    policies: PolicyDirectory,
    stop: shutdown::Signals,
) -> Ended {
    let (stop_http, stop_rest) = (CancellationToken::new(), CancellationToken::new());
    let mut http = tokio::spawn(server::serve(Arc::clone(&app), listener, stop_http.clone()));
    let mut rest = JoinSet::new();
    rest.spawn(
        outbox::relay(Arc::clone(&app), stop_rest.clone()).instrument(tracing::info_span!("relay")),
    );
    rest.spawn(
        housekeeping::clean(Arc::clone(&app), stop_rest.clone())
            .instrument(tracing::info_span!("housekeeping")),
    );
    rest.spawn(
        policies
            .watch(Arc::clone(&app), stop_rest.clone())
            .instrument(tracing::info_span!("policies")),
    );

    let mut ended = Ended::Drained;
    tokio::select! {
        () = stop.first.cancelled() => tracing::info!("stopping"),
        _ = &mut http => ended = Ended::PartFailed,
        _ = rest.join_next() => ended = Ended::PartFailed,
    }
    if ended == Ended::PartFailed {
        tracing::error!("a part of the service ended by itself; stopping");
    }
    let end = *app
        .stop_by
        .get_or_init(|| Instant::now() + app.config.shutdown_delay + app.config.shutdown_timeout);
    let drain = async {
        tokio::time::sleep(app.config.shutdown_delay).await;
        stop_http.cancel();
        if !http.is_finished() {
            let _ = (&mut http).await;
        }
        app.tasks.close();
        app.tasks.wait().await;
        // What the last requests committed is still in reach: the relay ends after the batch in
        // hand.
        stop_rest.cancel();
        while rest.join_next().await.is_some() {}
        app.services.store.close().await;
    };
    tokio::select! {
        drained = timeout_at(end, drain) => if drained.is_err() { ended = Ended::TimeLimit },
        () = stop.second.cancelled() => ended = Ended::SecondSignal,
    }
    match ended {
        Ended::Drained => tracing::info!("stopped; everything in flight was finished"),
        ended => tracing::warn!(?ended, "stopped before everything in flight was finished"),
    }
    ended
}
