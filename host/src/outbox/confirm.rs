//! A batch on a channel: persistent messages, with publisher confirms in a window as large as the
//! batch.
//!
//! A message that reached no queue comes back with SOME confirm of its channel, not always with its
//! own: so what came back is looked at only after every confirm of the batch is there, and a
//! channel carries one batch at a time.

use std::collections::HashSet;

use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation, ErrorKind, PublisherConfirm};

use super::message::{self, Route};
use super::outcome::{Blame, Outcome, PublishResult, Unpublished};
use super::settings::AmqpSettings;
use crate::store::OutboxEvent;

/// Publishes a batch and waits for every confirm of it: one outcome for each event.
pub(super) async fn publish(
    channel: &Channel,
    events: &[OutboxEvent],
    settings: &AmqpSettings,
) -> Result<Vec<Outcome>, lapin::Error> {
    let mut batch = Batch {
        events,
        outcomes: Vec::with_capacity(events.len()),
        confirms: Vec::with_capacity(2 * events.len()),
    };
    batch.send(channel, settings).await?;
    let returned = batch.confirmed().await?;
    batch.take_back(&returned);
    Ok(batch.outcomes)
}

/// A batch that is under way.
struct Batch<'a> {
    events: &'a [OutboxEvent],
    /// One for each event that was sent so far; confirmed, unless a confirm says otherwise.
    outcomes: Vec<Outcome>,
    /// What the broker owes, with the event's place in the batch.
    confirms: Vec<(usize, PublisherConfirm)>,
}

impl Batch<'_> {
    async fn send(
        &mut self,
        channel: &Channel,
        settings: &AmqpSettings,
    ) -> Result<(), lapin::Error> {
        for (place, event) in self.events.iter().enumerate() {
            let message = message::routes(event, settings)
                .and_then(|routes| Ok((routes, message::properties(event)?)));
            let (routes, properties) = match message {
                Ok(message) => message,
                Err(unpublished) => {
                    self.outcomes.push(Outcome::Unpublished(unpublished));
                    continue;
                }
            };
            self.outcomes.push(Outcome::Confirmed);
            for Route { exchange, routing_key, mandatory } in routes {
                let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
                let body = event.payload.as_bytes();
                match channel
                    .basic_publish(exchange, routing_key, options, body, properties.clone())
                    .await
                {
                    Ok(confirm) => self.confirms.push((place, confirm)),
                    Err(error) => return Err(self.refusal().await.unwrap_or(error)),
                }
            }
        }
        Ok(())
    }

    /// A channel that the broker has closed takes no more messages, and does not say why. The
    /// confirms that it owes do.
    async fn refusal(&mut self) -> Option<lapin::Error> {
        for (_, confirm) in self.confirms.drain(..) {
            match confirm.await {
                Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(_)) => {
                    return Some(error);
                }
                _ => {}
            }
        }
        None
    }

    /// Waits for every confirm; the ids of the messages that came back.
    async fn confirmed(&mut self) -> Result<HashSet<String>, lapin::Error> {
        let mut returned = HashSet::new();
        for (place, confirm) in self.confirms.drain(..) {
            let confirmation = confirm.await?;
            match &confirmation {
                Confirmation::Ack(_) => {}
                Confirmation::Nack(_) => {
                    self.outcomes[place] = Outcome::Unpublished(Unpublished {
                        result: PublishResult::Nack,
                        error: "the broker refused it (nack)".into(),
                        blame: Blame::Queue,
                    });
                }
                Confirmation::NotRequested => {
                    let error = "the channel is not in confirm mode";
                    self.outcomes[place] =
                        Outcome::Unpublished(Unpublished::by_sink(PublishResult::Error, error));
                }
            }
            if let Some(message) = confirmation.take_message() {
                returned.insert(id(&message));
            }
        }
        Ok(returned)
    }

    /// What came back was not published, whatever its confirm says.
    fn take_back(&mut self, returned: &HashSet<String>) {
        // One that we cannot name may be any of them.
        let unknown =
            returned.iter().any(|id| !self.events.iter().any(|event| event.message_id == *id));
        for (event, outcome) in self.events.iter().zip(&mut self.outcomes) {
            if unknown || returned.contains(&event.message_id) {
                *outcome = Outcome::Unpublished(Unpublished {
                    result: PublishResult::Returned,
                    error: "it came back: the queue is missing".to_owned(),
                    blame: Blame::Queue,
                });
            }
        }
    }
}

/// The id of a message that came back; empty if it has none.
fn id(message: &BasicReturnMessage) -> String {
    let id = message.delivery.properties.message_id();
    id.as_ref().map(ToString::to_string).unwrap_or_default()
}
