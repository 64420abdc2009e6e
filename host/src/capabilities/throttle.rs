//! `throttle` and `outbox`: counters that count at once, and events that wait for the decision.

use aws_lc_rs::hmac;
use serde_json::Value;

use super::CallState;
use super::types::Stop;
use super::values::json;
use crate::policy::Slot;
use crate::policy::bindings::throttle::Limit;
use crate::policy::bindings::{outbox, throttle};
use crate::policy::limits::{MAX_EVENT_BYTES, MAX_EVENTS};
use crate::store::{NewEvent, ThrottleHit};

impl CallState {
    /// What the database knows a key by; a slot's keys are its own.
    fn throttle_key(&self, key: &str) -> Result<Vec<u8>, Stop> {
        if !(1..=512).contains(&key.len()) {
            return Err(Stop::limit("a throttle key of 1 to 512 bytes"));
        }
        let text = format!("{}\0{key}", self.identity.slot);
        Ok(hmac::sign(&self.services.keys.throttle, text.as_bytes()).as_ref().to_vec())
    }
}

impl throttle::Host for CallState {
    async fn hit(&mut self, limits: Vec<Limit>) -> Result<Option<u32>, Stop> {
        self.counted_read()?;
        if limits.len() > 8 {
            return Err(Stop::limit("at most 8 limits at once"));
        }
        let hits = limits
            .iter()
            .map(|limit| {
                if !(1..=1_000_000).contains(&limit.most)
                    || !(1..=86_400).contains(&limit.window_seconds)
                {
                    return Err(Stop::limit(
                        "most of 1 to 1,000,000 and window-seconds of 1 to 86,400",
                    ));
                }
                Ok(ThrottleHit {
                    key: self.throttle_key(&limit.key)?,
                    most: limit.most,
                    window_seconds: limit.window_seconds,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if hits
            .iter()
            .enumerate()
            .any(|(index, hit)| hits[..index].iter().any(|before| before.key == hit.key))
        {
            return Err(Stop::other("a key may stand in one limit of a call of hit only"));
        }
        if hits.is_empty() {
            return Ok(None);
        }
        let store = self.services.store.clone();
        let wait = self.host(store.throttle_hit(&hits)).await?;
        Ok(wait.map(|milliseconds| {
            u32::try_from(milliseconds.max(1).div_euclid(1000) + 1).unwrap_or(u32::MAX)
        }))
    }

    fn clear(&mut self, keys: Vec<String>) -> Result<(), Stop> {
        self.counted()?;
        if self.writes.throttle_clears.len() + keys.len() > 8 {
            return Err(Stop::limit("at most 8 keys forgotten in a call"));
        }
        for key in keys {
            let key = self.throttle_key(&key)?;
            self.writes.throttle_clears.push(key);
        }
        Ok(())
    }
}

impl outbox::Host for CallState {
    fn append(&mut self, event: String, data: String, key: Option<String>) -> Result<(), Stop> {
        self.counted()?;
        let manifest = &self.identity.manifest;
        if !manifest.events.contains(&event) {
            return Err(Stop::denied(format!("the manifest does not declare the event {event:?}")));
        }
        if self.identity.slot != Slot::Register {
            self.require_proof()?;
        }
        if self.writes.events.len() >= MAX_EVENTS {
            return Err(Stop::limit(format!("at most {MAX_EVENTS} events in a call")));
        }
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 128) {
            return Err(Stop::limit("an ordering key of 1 to 128 bytes"));
        }
        let Value::Object(data) = json(&data, MAX_EVENT_BYTES)? else {
            return Err(Stop::other("an event's data must be a JSON object"));
        };
        let traceparent = Some(self.request.traceparent.clone());
        let ordering_key = key.map(|key| format!("custom:{}:{key}", manifest.name));
        self.writes.events.push(NewEvent {
            event_type: format!("custom.{}.{event}", manifest.name),
            data,
            ordering_key,
            traceparent,
        });
        Ok(())
    }
}
