//! An event as a message: where it goes, and what it says of itself. Both follow from the event and
//! the catalogue of events alone, so a repeat is the same message.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::outcome::{Blame, PublishResult, Unpublished};
use super::settings::AmqpSettings;
use crate::events;
use crate::store::OutboxEvent;

/// One destination of an event.
pub(super) struct Route {
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    /// Whether it must reach a queue: else it comes back.
    pub(super) mandatory: bool,
}

/// Where an event goes. The queue of the consumers that exist is addressed by its name, because
/// `mandatory` tells only whether ANY queue got a message: through the topic exchange, a queue that
/// is missing would stay unnoticed as soon as another one is bound there.
pub(super) fn routes(
    event: &OutboxEvent,
    settings: &AmqpSettings,
) -> Result<Vec<Route>, Unpublished> {
    let everybody = Route {
        exchange: short(&settings.exchange)?,
        routing_key: short(&event.event_type)?,
        mandatory: false,
    };
    if !events::is_queued(&event.event_type) {
        return Ok(vec![everybody]);
    }
    let queue = Route {
        exchange: ShortString::default(),
        routing_key: short(&settings.queue)?,
        mandatory: true,
    };
    Ok(vec![queue, everybody])
}

/// What a message says of itself, for consumers (AMQP 0-9-1 properties; the attributes of
/// `CloudEvents` as headers, in the form of their AMQP binding).
pub(super) fn properties(event: &OutboxEvent) -> Result<BasicProperties, Unpublished> {
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

/// AMQP's short strings have at most 255 bytes.
fn short(text: &str) -> Result<ShortString, Unpublished> {
    ShortString::try_new(text.to_owned()).map_err(|error| Unpublished {
        result: PublishResult::Error,
        error: error.to_string(),
        blame: Blame::Event,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event(event_type: &str) -> OutboxEvent {
        OutboxEvent {
            sequence: 1,
            message_id: "one".into(),
            event_type: event_type.to_owned(),
            ordering_key: "1".into(),
            payload: "{}".into(),
            traceparent: None,
            created_at: 0,
            attempts: 0,
            suspect: false,
        }
    }

    fn settings() -> AmqpSettings {
        AmqpSettings {
            uri: lapin::uri::AMQPUri::default(),
            exchange: "everything".into(),
            queue: "the queue".into(),
            confirm_timeout: Duration::from_secs(5),
        }
    }

    #[test]
    fn every_event_goes_to_the_exchange_and_a_queued_one_to_its_queue_before() {
        for event_type in events::ALL {
            let routes = routes(&event(event_type.name), &settings());
            let routes = routes.unwrap_or_else(|unpublished| panic!("{}", unpublished.error));
            let names: Vec<_> = routes
                .iter()
                .map(|route| (route.exchange.as_str(), route.routing_key.as_str(), route.mandatory))
                .collect();
            let queue = event_type.queued.then_some(("", "the queue", true));
            let expected: Vec<_> =
                queue.into_iter().chain([("everything", event_type.name, false)]).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn a_type_that_amqp_cannot_carry_is_the_events_own_fault() {
        let unpublished = routes(&event(&"a".repeat(256)), &settings()).err().unwrap();
        assert_eq!((unpublished.result, unpublished.blame), (PublishResult::Error, Blame::Event));
    }
}
