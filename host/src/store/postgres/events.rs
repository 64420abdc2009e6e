//! Events that are committed with what they tell of, as columns: a statement takes any number of
//! them in one round trip.

use super::pools::Query;
use super::rows::without_nul;
use crate::clock::Timestamp;
use crate::events::NewEvent;

pub(super) struct EventColumns {
    message_ids: Vec<String>,
    event_types: Vec<String>,
    ordering_keys: Vec<String>,
    payloads: Vec<String>,
    traceparents: Vec<Option<String>>,
}

impl EventColumns {
    pub(super) fn new(events: &[NewEvent], user_id: i64) -> Self {
        Self {
            message_ids: events.iter().map(|_| uuid::Uuid::now_v7().to_string()).collect(),
            event_types: events.iter().map(|event| event.event_type.clone()).collect(),
            ordering_keys: events.iter().map(|event| without_nul(&event.key(user_id))).collect(),
            payloads: events.iter().map(|event| event.payload(user_id)).collect(),
            traceparents: events.iter().map(|event| event.traceparent.clone()).collect(),
        }
    }

    /// Parameters 1 to 7 of a statement that carries a decision out.
    pub(super) fn bind<'q>(
        self,
        statement: Query<'q>,
        now: Timestamp,
        throttle_clears: &'q [Vec<u8>],
    ) -> Query<'q> {
        statement
            .bind(self.message_ids)
            .bind(self.event_types)
            .bind(self.ordering_keys)
            .bind(self.payloads)
            .bind(self.traceparents)
            .bind(now)
            .bind(throttle_clears)
    }
}
