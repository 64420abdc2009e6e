//! `POST /auth/refresh`: one call claims a token and replaces it; others with the same token get
//! the same answer for a short while; after that the token counts as stolen, and the session ends.

use std::sync::Arc;

use super::carrying_out::{sign_error, store_error};
use super::decider::Refused;
use super::issuing::session_end;
use super::question::Question;
use super::rotations::Allowance;
use super::{Context, Decisions};
use crate::clock::milliseconds;
use crate::contract::{Attempt, Refresh, Slot};
use crate::errors::{ApiError, catalogue};
use crate::events::NewEvent;
use crate::policy::health::Subject;
use crate::policy::runtime::Decision;
use crate::store::{CarryError, Conflict, StoredToken};
use crate::tokens::{RefreshToken, TokenPair};

impl Decisions {
    /// Asks the refresh policy and rotates the token.
    pub async fn refresh(
        &self,
        context: &Context,
        token_text: &str,
    ) -> Result<TokenPair, ApiError> {
        let ours = RefreshToken::decode(token_text, &self.issuing.keys);
        let of_old_service = ours.is_none();
        let token = match ours {
            Some(token) => token,
            None => self.adopt(context, token_text).await?,
        };
        let stored = self.find(context, &token).await?;
        if stored.replaced_at.is_some() {
            return self.replaced(context, &token, &stored).await;
        }
        let session_id = &stored.session.session_id;
        match self.rotations.allowance(session_id, &stored.token_id, self.clock.now()) {
            Allowance::Rotate => {}
            // It was claimed after it had been looked up: whoever asks is one of a burst.
            Allowance::Repeat => return self.was_claimed(context, &token).await,
            Allowance::Wait(seconds) => {
                self.metrics.refresh_throttled.inc();
                return Err(ApiError::from(catalogue::THROTTLED).after(seconds));
            }
        }
        if let Some(answer) = self.rotate(context, &token, stored).await? {
            self.metrics.refresh_legacy.inc_by(u64::from(of_old_service));
            return Ok(answer);
        }
        // Another call was first; what this one decided is discarded.
        self.was_claimed(context, &token).await
    }

    /// What a caller gets whose token another call has claimed meanwhile.
    async fn was_claimed(
        &self,
        context: &Context,
        token: &RefreshToken,
    ) -> Result<TokenPair, ApiError> {
        let stored = self.find(context, token).await?;
        if stored.replaced_at.is_none() {
            // The database lost what it had said was done.
            return Err(catalogue::CONFLICT.into());
        }
        self.replaced(context, token, &stored).await
    }

    /// The stored token, if it, its session and its account may still be used.
    async fn find(&self, context: &Context, token: &RefreshToken) -> Result<StoredToken, ApiError> {
        let lookup = token.lookup(&self.issuing.keys);
        let found = context.in_time(self.store.refresh_token(&lookup)).await?;
        let stored = found.map_err(|error| store_error(&error))?;
        let now = self.clock.now();
        let usable = |stored: &StoredToken| {
            stored.expires_at > now
                && stored.session.ends_at > now
                && !stored.session.revoked
                && !stored.account.disabled
        };
        stored.filter(usable).ok_or_else(|| catalogue::INVALID_TOKEN.into())
    }

    /// Asks the policy and replaces a token by its successor; none if another call was first.
    async fn rotate(
        &self,
        context: &Context,
        token: &RefreshToken,
        stored: StoredToken,
    ) -> Result<Option<TokenPair>, ApiError> {
        let subject = Subject::Account(stored.account.user_id);
        let question = self.asking.question(Slot::Refresh, subject)?;
        let attempt = Attempt {
            session: Some(stored.session.clone()),
            account: Some(stored.account.clone()),
            ..Attempt::default()
        };
        let asked = self.asking.ask::<Refresh>(&question, context, attempt).await?;
        let (acceptance, writes) = match asked {
            (Decision::Accepted(acceptance), outcome) => (acceptance, outcome.writes),
            (Decision::Refused(refusal), outcome) => {
                let refused = self.refused(&question, (refusal, outcome));
                return self.refuse_rotation(context, token, stored, (&question, refused)).await;
            }
        };
        let session_id = &stored.session.session_id;
        self.asking.accepted(&question);
        let now = self.clock.now();
        let ends_at = session_end(now, stored.session.ends_at, acceptance.session_seconds);
        let successor = RefreshToken::generate();
        let issued_to = (stored.account.user_id, session_id.as_str());
        let signed = self.issuing.pair(issued_to, &acceptance.claims, &successor, now, ends_at);
        let answer = signed.map_err(|error| sign_error(&error))?;
        let new_token = self.issuing.token(&successor, now, ends_at);
        let grace = milliseconds(self.issuing.lifetimes.grace_period);
        let sealed = (grace > 0)
            .then(|| token.seal(&self.issuing.keys, &stored.token_id, &answer))
            .flatten();
        let store = self.store.clone();
        let has_events = !writes.events.is_empty();
        let (until, rotations) = (now + grace, Arc::clone(&self.rotations));
        // It counts in the work itself: who goes away before the answer has used a rotation, too.
        let work = async move {
            store.rotate(&stored, &new_token, sealed.as_deref(), until, ends_at, &writes).await?;
            rotations.count(&stored.session.session_id, &stored.token_id, now);
            Ok(())
        };
        match self.carrying_out.run(context, work).await? {
            Ok(()) => {
                question.carried_out();
                if has_events {
                    self.wake.wake();
                }
                Ok(Some(answer))
            }
            Err(CarryError::Conflict(Conflict::TokenClaimed)) => Ok(None),
            Err(error) => Err(self.undone(&question, error)),
        }
    }

    /// The policy said no. That holds for a token that nobody has claimed meanwhile: of a burst with
    /// one token, all get the answer of the call that was first, and a loser commits nothing.
    async fn refuse_rotation(
        &self,
        context: &Context,
        token: &RefreshToken,
        stored: StoredToken,
        (question, refused): (&Question, Refused),
    ) -> Result<Option<TokenPair>, ApiError> {
        if refused.writes.is_empty() {
            if self.find(context, token).await?.replaced_at.is_some() {
                return Ok(None);
            }
            question.carried_out();
            return Err(refused.answer);
        }
        let (store, writes) = (self.store.clone(), refused.writes);
        let work = async move { store.refuse_rotation(&stored, &writes).await };
        match self.carrying_out.run(context, work).await? {
            Ok(()) => {
                question.carried_out();
                self.wake.wake();
                Err(refused.answer)
            }
            Err(CarryError::Conflict(Conflict::TokenClaimed)) => Ok(None),
            Err(error) => Err(self.undone(question, error)),
        }
    }

    /// A token that was claimed before: a repeat within its window, or a reuse.
    async fn replaced(
        &self,
        context: &Context,
        token: &RefreshToken,
        stored: &StoredToken,
    ) -> Result<TokenPair, ApiError> {
        let now = self.clock.now();
        if let Some(until) = stored.grace_until.filter(|until| now < *until) {
            let answer = self.repeated(token, stored, until);
            return answer.ok_or_else(|| catalogue::INVALID_TOKEN.into());
        }
        let traceparent = &context.request.traceparent;
        let event = NewEvent::session_reuse_detected(&stored.session.session_id, traceparent);
        let (store, reused) = (self.store.clone(), stored.clone());
        let work = async move { store.revoke_reused(&reused, event).await };
        let revoked = self.carrying_out.run(context, work).await?;
        if revoked.map_err(|error| store_error(&error))? {
            self.metrics.refresh_reuse.inc();
            tracing::warn!(
                user_id = stored.account.user_id,
                session_id = stored.session.session_id,
                "a replaced refresh token came back; its session was revoked"
            );
            self.wake.wake();
        }
        Err(catalogue::INVALID_TOKEN.into())
    }

    /// The answer of before. Without one the successor was used already: the burst is over, but
    /// this is still no theft.
    fn repeated(
        &self,
        token: &RefreshToken,
        stored: &StoredToken,
        until: i64,
    ) -> Option<TokenPair> {
        let sealed = stored.answer.as_deref()?;
        let answer = token.open(&self.issuing.keys, &stored.token_id, sealed)?;
        let allowed = self.repeats.allow(&stored.token_id, until, self.clock.now());
        self.metrics.refresh_repeats.inc_by(u64::from(allowed));
        allowed.then_some(answer)
    }
}
