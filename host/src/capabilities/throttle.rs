//! `throttle`: counters against abuse. They count at once, whatever becomes of the call; what is
//! forgotten waits for the acceptance.

use aws_lc_rs::hmac;

use super::forms::grouped;
use super::state::CallState;
use crate::contract::TrappableFailure;
use crate::contract::bindings::throttle::{self, Limit};
use crate::store::ThrottleHit;

impl throttle::Host for CallState {
    async fn hit(&mut self, limits: Vec<Limit>) -> Result<Option<u32>, TrappableFailure> {
        self.take(&[&limits])?;
        self.budget.charge_read(&self.limits)?;
        let most = self.limits.throttle.limits;
        if limits.len() > most {
            return Err(TrappableFailure::limit(format!("at most {most} limits at once")));
        }
        let hits = limits.iter().map(|limit| self.throttle_hit(limit));
        let hits = hits.collect::<Result<Vec<_>, _>>()?;
        if has_twice(&hits) {
            return Err(TrappableFailure::other(
                "a key may stand in one limit of a call of hit only",
            ));
        }
        if hits.is_empty() {
            return Ok(None);
        }
        let wait = self.budget.wait_for(self.services.store.throttle_hit(&hits)).await?;
        Ok(wait.map(|milliseconds| {
            u32::try_from(milliseconds.max(1).div_euclid(1000) + 1).unwrap_or(u32::MAX)
        }))
    }

    fn clear(&mut self, keys: Vec<String>) -> Result<(), TrappableFailure> {
        self.take(&[&keys])?;
        self.budget.charge(&self.limits)?;
        self.throttle.has_room(keys.len(), &self.limits.throttle)?;
        for key in keys {
            let key = self.throttle_key(&key)?;
            self.throttle.add(key);
        }
        Ok(())
    }
}

impl CallState {
    fn throttle_hit(&self, limit: &Limit) -> Result<ThrottleHit, TrappableFailure> {
        let limits = &self.limits.throttle;
        if !(1..=limits.most).contains(&limit.most)
            || !(1..=limits.window_seconds).contains(&limit.window_seconds)
        {
            return Err(TrappableFailure::limit(format!(
                "most of 1 to {} and window-seconds of 1 to {}",
                grouped(limits.most),
                grouped(limits.window_seconds)
            )));
        }
        Ok(ThrottleHit {
            key: self.throttle_key(&limit.key)?,
            most: limit.most,
            window_seconds: limit.window_seconds,
        })
    }

    /// What the database knows a key by; a slot's keys are its own.
    fn throttle_key(&self, key: &str) -> Result<Vec<u8>, TrappableFailure> {
        let most = self.limits.throttle.key_bytes;
        if !(1..=most).contains(&key.len()) {
            return Err(TrappableFailure::limit(format!("a throttle key of 1 to {most} bytes")));
        }
        let text = format!("{}\0{key}", self.identity.slot);
        Ok(hmac::sign(&self.services.keys.throttle, text.as_bytes()).as_ref().to_vec())
    }
}

/// One statement counts all hits, and cannot count two for one row.
fn has_twice(hits: &[ThrottleHit]) -> bool {
    let repeats = |(index, hit): (usize, &ThrottleHit)| {
        hits[..index].iter().any(|before| before.key == hit.key)
    };
    hits.iter().enumerate().any(repeats)
}
