//! Publishing a batch to RabbitMQ: persistent messages, publisher confirms in a window as large as
//! the batch, and a time limit of our own.
//!
//! A message that reached no queue comes back with SOME confirm of its channel, not always with its
//! own: so what came back is looked at only after every confirm of the batch is there, and a
//! channel carries one batch at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ErrorKind, PublisherConfirm};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;

use super::topology::{self, QUEUED_EVENT};
use super::{Blame, Failure, Link, Outcome};
use crate::metrics::Metrics;
use crate::store::OutboxEvent;
use crate::telemetry::causes;

/// After the last confirm was due: what a broker that answers needs to close a channel, or to
/// declare a queue.
const ANSWER: Duration = Duration::from_secs(5);

/// A channel in confirm mode, made anew where the last one was lost.
pub(super) struct RabbitLane {
    link: Arc<Link>,
    channel: Option<(Arc<Connection>, Channel)>,
    metrics: Arc<Metrics>,
}

impl RabbitLane {
    pub(super) fn new(link: Arc<Link>, metrics: Arc<Metrics>) -> Self {
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
        let all =
            |failure: &Failure| events.iter().map(|_| Outcome::Failed(failure.clone())).collect();
        let Some((connection, channel)) =
            self.channel.clone().filter(|_| self.link.takes_messages())
        else {
            return all(&sink("error", "there is no connection to the broker"));
        };
        let limit = self.link.settings.confirm_timeout;
        match timeout(limit, self.confirmed(&channel, events)).await {
            Ok(Ok(outcomes)) => {
                if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(failure) if failure.result == "returned")) {
                    self.mend_topology(&connection, "messages came back").await;
                }
                outcomes
            }
            Ok(Err(error)) => {
                self.channel = None;
                let failure = lost(&error);
                if topology::is_missing(&error) {
                    self.mend_topology(&connection, &failure.error).await;
                } else if !matches!(
                    error.kind(),
                    ErrorKind::ProtocolError(_) | ErrorKind::InvalidChannelState(..)
                ) || !connection.status().connected()
                {
                    self.link.broken(&connection, &failure.error);
                }
                all(&failure)
            }
            Err(_) => {
                // lapin would wait for a frozen broker until it thaws.
                self.channel = None;
                self.link.silent(&connection, "confirms did not come in time");
                all(&sink("timeout", &format!("no confirm within {limit:?}")))
            }
        }
    }

    /// Publishes a batch and waits for every confirm of it.
    async fn confirmed(
        &self,
        channel: &Channel,
        events: &[OutboxEvent],
    ) -> Result<Vec<Outcome>, lapin::Error> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(events.len());
        let mut confirms: Vec<(usize, PublisherConfirm)> = Vec::with_capacity(2 * events.len());
        for (place, event) in events.iter().enumerate() {
            let (routes, properties) =
                match self.routes(event).and_then(|routes| Ok((routes, properties(event)?))) {
                    Ok(message) => message,
                    Err(failure) => {
                        outcomes.push(Outcome::Failed(failure));
                        continue;
                    }
                };
            outcomes.push(Outcome::Confirmed);
            for Route { exchange, routing_key, mandatory } in routes {
                let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
                let body = event.payload.as_bytes();
                match channel
                    .basic_publish(exchange, routing_key, options, body, properties.clone())
                    .await
                {
                    Ok(confirm) => confirms.push((place, confirm)),
                    Err(error) => return Err(refusal(confirms).await.unwrap_or(error)),
                }
            }
        }
        let mut returned = HashSet::new();
        for (place, confirm) in confirms {
            let confirmation = confirm.await?;
            match &confirmation {
                Confirmation::Ack(_) => {}
                Confirmation::Nack(_) => {
                    let failure = Failure {
                        result: "nack",
                        error: "the broker refused it (nack)".into(),
                        blame: Blame::Queue,
                    };
                    outcomes[place] = Outcome::Failed(failure);
                }
                Confirmation::NotRequested => {
                    outcomes[place] =
                        Outcome::Failed(sink("error", "the channel is not in confirm mode"))
                }
            }
            if let Some(message) = confirmation.take_message() {
                returned.insert(
                    message
                        .delivery
                        .properties
                        .message_id()
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                );
            }
        }
        // One that we cannot name may be any of them.
        let unknown = returned.iter().any(|id| !events.iter().any(|event| event.message_id == *id));
        for (event, outcome) in events.iter().zip(&mut outcomes) {
            if unknown || returned.contains(&event.message_id) {
                let error = "it came back: the queue is missing".to_owned();
                *outcome =
                    Outcome::Failed(Failure { result: "returned", error, blame: Blame::Queue });
            }
        }
        Ok(outcomes)
    }

    /// Where an event goes. The queue of the consumers that exist is addressed by its name, because
    /// `mandatory` tells only whether ANY queue got a message: through the topic exchange, a queue
    /// that is missing would stay unnoticed as soon as another one is bound there.
    fn routes(&self, event: &OutboxEvent) -> Result<Vec<Route>, Failure> {
        let settings = &self.link.settings;
        let everybody = Route {
            exchange: short(&settings.exchange)?,
            routing_key: short(&event.event_type)?,
            mandatory: false,
        };
        if event.event_type != QUEUED_EVENT {
            return Ok(vec![everybody]);
        }
        Ok(vec![
            Route {
                exchange: ShortString::default(),
                routing_key: short(&settings.queue)?,
                mandatory: true,
            },
            everybody,
        ])
    }

    /// The queue or the exchange is gone: what is missing is declared again.
    async fn mend_topology(&mut self, connection: &Arc<Connection>, cause: &str) {
        tracing::warn!(cause, "the queue or the exchange is missing; declaring it again");
        self.metrics.relay_topology_mended.inc();
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

/// A channel that the broker has closed takes no more messages, and does not say why. The confirms
/// that it owes do.
async fn refusal(confirms: Vec<(usize, PublisherConfirm)>) -> Option<lapin::Error> {
    for (_, confirm) in confirms {
        match confirm.await {
            Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(_)) => {
                return Some(error);
            }
            _ => {}
        }
    }
    None
}

fn sink(result: &'static str, error: &str) -> Failure {
    Failure { result, error: error.to_owned(), blame: Blame::Sink }
}

/// The channel or the connection ended. Where the broker says that we did something wrong, one of
/// the messages may be the cause.
fn lost(error: &lapin::Error) -> Failure {
    let blame = match error.kind() {
        // 320: the broker stops, or an operator closed the connection. 404: the exchange is gone.
        ErrorKind::ProtocolError(error) if ![320, 404].contains(&error.get_id()) => Blame::Suspect,
        _ => Blame::Sink,
    };
    Failure { result: "error", error: error.to_string(), blame }
}

/// One destination of an event.
struct Route {
    exchange: ShortString,
    routing_key: ShortString,
    mandatory: bool,
}

/// AMQP's short strings have at most 255 bytes.
fn short(text: &str) -> Result<ShortString, Failure> {
    ShortString::try_new(text.to_owned()).map_err(|fault| Failure {
        result: "error",
        error: fault.to_string(),
        blame: Blame::Event,
    })
}

/// What a message says of itself, for consumers (AMQP 0-9-1 properties; the attributes of
/// `CloudEvents` as headers, in the form of their AMQP binding).
fn properties(event: &OutboxEvent) -> Result<BasicProperties, Failure> {
    let mut headers = FieldTable::default();
    let mut header = |name: &str, value: &str| {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    };
    header("cloudEvents_specversion", "1.0");
    header("cloudEvents_id", &event.message_id);
    header("cloudEvents_source", "/auth-host");
    header("cloudEvents_type", &event.event_type);
    header("cloudEvents_partitionkey", &event.ordering_key);
    let time =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(event.created_at) * 1_000_000).ok();
    if let Some(time) = time.and_then(|time| time.format(&Rfc3339).ok()) {
        header("cloudEvents_time", &time);
    }
    if let Some(traceparent) = &event.traceparent {
        header("traceparent", traceparent);
    }
    Ok(BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2)
        .with_message_id(short(&event.message_id)?)
        .with_type(short(&event.event_type)?)
        .with_timestamp(u64::try_from(event.created_at / 1000).unwrap_or_default())
        .with_app_id("auth-host".into())
        .with_headers(headers))
}
