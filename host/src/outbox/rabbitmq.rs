//! The way to RabbitMQ: a channel in confirm mode, and a time limit of our own for its confirms. A
//! channel that gave no clear answer is not used again, and the connection only if it is not to
//! blame.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ErrorKind};
use tokio::time::timeout;

use super::link::Link;
use super::metrics::RelayMetrics;
use super::outcome::{Blame, Outcome, PublishResult, Unpublished};
use super::{confirm, topology};
use crate::store::OutboxEvent;
use crate::telemetry::causes;

/// After the last confirm was due: what a broker that answers needs to close a channel, or to
/// declare a queue.
const ANSWER: Duration = Duration::from_secs(5);

/// A channel in confirm mode, made anew if the last one was lost.
pub(super) struct RabbitPublisher {
    link: Arc<Link>,
    channel: Option<(Arc<Connection>, Channel)>,
    metrics: Arc<RelayMetrics>,
}

impl RabbitPublisher {
    pub(super) fn new(link: Arc<Link>, metrics: Arc<RelayMetrics>) -> Self {
        Self { link, channel: None, metrics }
    }

    /// Whether there is a channel that takes messages.
    pub(super) fn is_ready(&self) -> bool {
        self.channel.as_ref().is_some_and(|(_, channel)| channel.status().connected())
            && self.link.takes_messages()
    }

    /// Waits for a channel that takes messages.
    pub(super) async fn ready(&mut self) {
        loop {
            let connection = self.link.connection().await;
            if self.channel.as_ref().is_some_and(|(of, channel)| {
                Arc::ptr_eq(of, &connection) && channel.status().connected()
            }) {
                return;
            }
            self.channel = None;
            match timeout(ANSWER, open(&connection)).await {
                Ok(Ok(channel)) => {
                    self.channel = Some((connection, channel));
                    return;
                }
                Ok(Err(error)) => self.link.broken(&connection, &error.to_string()),
                Err(_) => self.link.silent(&connection, "no channel was opened in time"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// One outcome for each event.
    pub(super) async fn publish(&mut self, events: &[OutboxEvent]) -> Vec<Outcome> {
        let Some((connection, channel)) =
            self.channel.clone().filter(|_| self.link.takes_messages())
        else {
            let error = "there is no connection to the broker";
            return all(events, &Unpublished::by_sink(PublishResult::Error, error));
        };
        let settings = &self.link.settings;
        let limit = settings.confirm_timeout;
        match timeout(limit, confirm::publish(&channel, events, settings)).await {
            Ok(Ok(outcomes)) => {
                if outcomes.iter().any(came_back) {
                    self.mend_topology(&connection, "messages came back").await;
                }
                outcomes
            }
            Ok(Err(error)) => all(events, &self.lost(&connection, &error).await),
            Err(_) => {
                // lapin would wait for a frozen broker until it thaws.
                self.channel = None;
                self.link.silent(&connection, "confirms did not come in time");
                let error = format!("no confirm within {limit:?}");
                all(events, &Unpublished::by_sink(PublishResult::Timeout, error))
            }
        }
    }

    /// The channel was lost, and perhaps its connection; what that says of the events on it.
    async fn lost(&mut self, connection: &Arc<Connection>, error: &lapin::Error) -> Unpublished {
        self.channel = None;
        let unpublished = Unpublished {
            result: PublishResult::Error,
            error: error.to_string(),
            blame: blame(error),
        };
        let of_the_channel = matches!(
            error.kind(),
            ErrorKind::ProtocolError(_) | ErrorKind::InvalidChannelState(..)
        );
        if topology::is_missing(error) {
            self.mend_topology(connection, &unpublished.error).await;
        } else if !of_the_channel || !connection.status().connected() {
            self.link.broken(connection, &unpublished.error);
        }
        unpublished
    }

    /// The queue or the exchange is gone: what is missing is declared again.
    async fn mend_topology(&self, connection: &Arc<Connection>, cause: &str) {
        tracing::warn!(cause, "the queue or the exchange is missing; declaring it again");
        self.metrics.topology_mended.inc();
        match timeout(ANSWER, topology::declare(connection, &self.link.settings)).await {
            Ok(Ok(fault)) => self.link.in_use(connection, fault.as_deref()),
            Ok(Err(error)) => {
                let error = causes(&error);
                tracing::error!(error, "it cannot be declared; its events wait in the outbox");
                self.link.in_use(connection, Some(&error));
            }
            Err(_) => self.link.silent(connection, "no answer to a declaration"),
        }
    }
}

async fn open(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn all(events: &[OutboxEvent], unpublished: &Unpublished) -> Vec<Outcome> {
    events.iter().map(|_| Outcome::Unpublished(unpublished.clone())).collect()
}

fn came_back(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unpublished(Unpublished { result: PublishResult::Returned, .. }))
}

/// The channel or the connection ended. If the broker says that we did something wrong, one of the
/// messages may be the cause.
fn blame(error: &lapin::Error) -> Blame {
    match error.kind() {
        // 320: the broker stops, or an operator closed the connection. 404: the exchange is gone.
        ErrorKind::ProtocolError(error) if ![320, 404].contains(&error.get_id()) => Blame::Suspect,
        _ => Blame::Sink,
    }
}
