//! What decisions are made with, and how a refusal is answered: both are the same for all three.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio_util::task::TaskTracker;

use super::asking::Asking;
use super::carrying_out::{CarryingOut, store_error};
use super::checks::Checked;
use super::issuing::{Issuing, Lifetimes};
use super::question::Question;
use super::repeats::Repeats;
use super::rotations::Rotations;
use super::shadow::Shadows;
use super::{Context, DecisionMetrics, checks};
use crate::capabilities::{Outcome, Services};
use crate::clock::Clock;
use crate::contract::{Attempt, Refusal, Slot};
use crate::errors::{ApiError, catalogue};
use crate::passwords::PasswordHasher;
use crate::policy::runtime::Decision;
use crate::policy::serving::Generations;
use crate::store::{CarryError, Conflict, Store, Writes};
use crate::tokens::{AccessTokens, LegacyTokens};
use crate::wake::Wake;

/// Decides about registrations, logins and refreshes: asks the policy, checks what it decided, and
/// carries it out.
///
/// A policy can be stricter than the host, never laxer: what the checks here refuse is the policy's
/// fault, like a trap.
pub struct Decisions {
    pub(super) asking: Asking,
    pub(super) carrying_out: CarryingOut,
    pub(super) issuing: Arc<Issuing>,
    pub(super) store: Store,
    pub(super) passwords: PasswordHasher,
    pub(super) clock: Clock,
    /// Reads refresh tokens of the old service, if they are taken.
    pub(super) legacy_tokens: Option<LegacyTokens>,
    pub(super) repeats: Repeats,
    pub(super) rotations: Arc<Rotations>,
    pub(super) metrics: Arc<DecisionMetrics>,
    /// Wakes the relay after a commit.
    pub(super) wake: Wake,
}

/// What [`Decisions`] are made from.
pub struct DecisionParts {
    /// What capabilities work with: decisions use the same database, hash threads and clock.
    pub services: Arc<Services>,
    /// What serves in each slot.
    pub generations: Arc<Generations>,
    /// Signs with the secret that the gateway shares.
    pub access_tokens: AccessTokens,
    /// Reads refresh tokens of the old service, if they are taken.
    pub legacy_tokens: Option<LegacyTokens>,
    /// How long what is handed out lives.
    pub lifetimes: Lifetimes,
    /// How often one session gets new tokens in a minute.
    pub rotations_per_minute: u32,
    /// When the caller gives up; a policy may take a share of it.
    pub caller_patience: Duration,
    /// How long a request may take.
    pub request_limit: Duration,
    /// Work that must end even if its client is gone.
    pub tasks: TaskTracker,
    /// Candidates follow calls there.
    pub shadows: Arc<Shadows>,
    pub metrics: DecisionMetrics,
    pub wake: Wake,
}

impl Decisions {
    pub fn new(parts: DecisionParts) -> Self {
        let metrics = Arc::new(parts.metrics);
        let services = parts.services;
        Self {
            carrying_out: CarryingOut { tasks: parts.tasks, request_limit: parts.request_limit },
            issuing: Arc::new(Issuing {
                keys: Arc::clone(&services.keys),
                access_tokens: parts.access_tokens,
                lifetimes: parts.lifetimes,
            }),
            store: services.store.clone(),
            passwords: services.passwords.clone(),
            clock: services.clock.clone(),
            legacy_tokens: parts.legacy_tokens,
            repeats: Repeats::default(),
            rotations: Arc::new(Rotations::new(parts.rotations_per_minute)),
            asking: Asking {
                generations: parts.generations,
                services,
                shadows: parts.shadows,
                caller_patience: parts.caller_patience,
                metrics: Arc::clone(&metrics),
            },
            metrics,
            wake: parts.wake,
        }
    }

    /// Asks the policy; a refusal is answered here.
    pub(super) async fn ask<C: Checked>(
        &self,
        question: &Question,
        context: &Context,
        attempt: Attempt,
    ) -> Result<(C::Acceptance, Outcome), ApiError> {
        match self.asking.ask::<C>(question, context, attempt).await? {
            (Decision::Accepted(acceptance), outcome) => Ok((acceptance, outcome)),
            (Decision::Refused(refusal), outcome) => {
                Err(self.refuse(question, context, (refusal, outcome)).await)
            }
        }
    }

    /// Answers a refusal, and commits what a refusal commits.
    async fn refuse(
        &self,
        question: &Question,
        context: &Context,
        refused: (Refusal, Outcome),
    ) -> ApiError {
        let Refused { proved, writes, answer } = self.refused(question, refused);
        if !writes.is_empty() {
            let store = self.store.clone();
            let work = async move { store.refuse(proved, &writes).await };
            if let Err(error) = self.carry_out(context, question, work).await {
                return error;
            }
            self.wake.wake();
        }
        question.carried_out();
        answer
    }

    /// What a refusal commits and answers.
    pub(super) fn refused(
        &self,
        question: &Question,
        (refusal, outcome): (Refusal, Outcome),
    ) -> Refused {
        self.asking.refused(question, &refusal.code);
        let status = checks::status(&refusal, &question.generation.identity.manifest);
        let Outcome { proved, writes, .. } = outcome;
        Refused { proved, writes, answer: answer(status, refusal) }
    }

    /// Carries something out; what goes wrong is answered here.
    pub(super) async fn carry_out<T: Send + 'static>(
        &self,
        context: &Context,
        question: &Question,
        work: impl Future<Output = Result<T, CarryError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let carried = self.carrying_out.run(context, work).await?;
        carried.map_err(|error| self.undone(question, error))
    }

    /// Nothing was written, or nobody knows.
    pub(super) fn undone(&self, question: &Question, error: CarryError) -> ApiError {
        match error {
            CarryError::Conflict(conflict) => self.conflicted(question, conflict),
            CarryError::Store(error) => store_error(&error),
        }
    }

    /// What a decision rested on has changed since it was read: nothing was written.
    fn conflicted(&self, question: &Question, conflict: Conflict) -> ApiError {
        match (conflict, question.slot()) {
            (Conflict::EmailTaken, _) => catalogue::ALREADY_EXISTS.into(),
            (Conflict::AccountChanged, Slot::Login) => catalogue::INVALID_CREDENTIALS.into(),
            (Conflict::AccountChanged | Conflict::SessionChanged | Conflict::TokenClaimed, _) => {
                catalogue::INVALID_TOKEN.into()
            }
            (Conflict::StorageChanged, _) => catalogue::CONFLICT.into(),
            (Conflict::AttributesTooLarge, _) => {
                let why = "the account's attributes would exceed 32 KiB";
                self.asking.not_carried_out(question, why)
            }
        }
    }
}

/// A refusal that passed the host's own checks.
pub(super) struct Refused {
    /// The account that the caller proved to own.
    pub(super) proved: Option<i64>,
    /// What it commits.
    pub(super) writes: Writes,
    /// What the caller is told.
    pub(super) answer: ApiError,
}

/// The answer to a refusal; its code is one that the policy's manifest declares.
fn answer(status: Option<u16>, refusal: Refusal) -> ApiError {
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    // 429 without a wait would leave the caller guessing.
    let at_least = (status == StatusCode::TOO_MANY_REQUESTS).then_some(1);
    let Refusal { code, message, fields, retry_after } = refusal;
    ApiError {
        status,
        code,
        message,
        reasons: Vec::new(),
        fields,
        retry_after: retry_after.or(at_least),
    }
}
