//! `throttle`: counters against abuse. They count at once, whatever becomes of the call; what is
//! forgotten waits for the acceptance.

use aws_lc_rs::hmac;

use super::state::{CallState, Hit};
use crate::contract::TrappableFailure;
use crate::contract::bindings::throttle::{self, Limit};
use crate::numbers::grouped;
use crate::store::ThrottleHit;

impl throttle::Host for CallState {
    async fn hit(&mut self, limits: Vec<Limit>) -> Result<Option<u32>, TrappableFailure> {
        self.take(&[&limits])?;
        self.budget.charge_read(&self.limits)?;
        let hits = self.throttle_hits(&limits)?;
        if hits.is_empty() {
            return Ok(None);
        }
        // A shadow counts nothing.
        if let Some(answer) = self.journal.answer(|| Hit::new(&hits)) {
            return answer;
        }
        let answer = self.count_hits(&hits).await;
        self.journal.note(|| Hit::new(&hits), &answer);
        answer
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
    /// What the database counts for these limits.
    pub(super) fn throttle_hits(
        &self,
        limits: &[Limit],
    ) -> Result<Vec<ThrottleHit>, TrappableFailure> {
        let most = self.limits.throttle.limits;
        if limits.len() > most {
            return Err(TrappableFailure::limit(format!("at most {most} limits at once")));
        }
        let hits = limits.iter().map(|limit| self.throttle_hit(limit));
        let hits = hits.collect::<Result<Vec<_>, _>>()?;
        if has_twice(&hits) {
            return Err(TrappableFailure::other("a key may stand in one limit of a call only"));
        }
        Ok(hits)
    }

    /// Counts one against each; the seconds to wait if one is exceeded.
    pub(super) async fn count_hits(
        &mut self,
        hits: &[ThrottleHit],
    ) -> Result<Option<u32>, TrappableFailure> {
        if hits.is_empty() {
            return Ok(None);
        }
        let wait = self.budget.wait_for(self.services.store.throttle_hit(hits)).await?;
        Ok(wait.map(whole_seconds))
    }

    /// The seconds to wait if one has no room for another hit. It counts nothing.
    pub(super) async fn used_up(
        &mut self,
        hits: &[ThrottleHit],
    ) -> Result<Option<u32>, TrappableFailure> {
        if hits.is_empty() {
            return Ok(None);
        }
        let wait = self.budget.wait_for(self.services.store.throttle_wait(hits)).await?;
        Ok(wait.map(whole_seconds))
    }

    fn throttle_hit(&self, limit: &Limit) -> Result<ThrottleHit, TrappableFailure> {
        let limits = &self.limits.throttle;
        if !(1..=limits.most).contains(&limit.most)
            || !(1..=limits.window_seconds).contains(&limit.window_seconds)
        {
            return Err(TrappableFailure::limit(format!(
                "most of 1 to {} and window-seconds of 1 to {}",
                grouped(limits.most.into()),
                grouped(limits.window_seconds.into())
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

/// After so many seconds the wait is over; never 0, and no second too many.
fn whole_seconds(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds.max(1).saturating_add(999) / 1000).unwrap_or(u32::MAX)
}

/// One statement counts all hits, and cannot count two for one row.
fn has_twice(hits: &[ThrottleHit]) -> bool {
    let repeats = |(index, hit): (usize, &ThrottleHit)| {
        hits[..index].iter().any(|before| before.key == hit.key)
    };
    hits.iter().enumerate().any(repeats)
}

#[cfg(test)]
mod tests {
    use super::whole_seconds;

    #[test]
    fn a_wait_is_told_in_whole_seconds_none_too_many_and_never_0() {
        let told = [-5, 0, 1, 999, 1_000, 1_001, 2_000, 300_000].map(whole_seconds);
        assert_eq!(told, [1, 1, 1, 1, 1, 2, 2, 300]);
    }
}
