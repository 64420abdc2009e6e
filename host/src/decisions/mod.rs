//! From an attempt to its answer: the policy decides, the host checks the decision and carries it
//! out in one transaction, or not at all.
//!
//! A policy can be stricter than the host, never laxer: what the checks here refuse is the policy's
//! fault, like a trap.

mod legacy;
mod login;
mod refresh;
mod register;
mod repeats;

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::app::App;
use crate::capabilities::{Attempt, CallState, Refusal, Request};
use crate::clock::{Timestamp, milliseconds};
use crate::error::ApiError;
use crate::policy::Slot;
use crate::policy::call::{self, Contract, Decision};
use crate::policy::fault::CallError;
use crate::policy::generations::Generation;
use crate::store::{Carried, Conflict, NewSession, NewToken, StoreError, Writes};
use crate::tokens::RefreshToken;

pub use login::login;
pub use refresh::refresh;
pub use register::register;
pub use repeats::Repeats;

/// What an answer needs to get out before the time of a request is up.
const ANSWER: std::time::Duration = std::time::Duration::from_millis(50);
/// Where less than this part of a request's time is left, nothing is begun: its outcome could no
/// longer be told.
const WRITE: u32 = 8;

/// Who asks and until when an answer is of use.
#[derive(Clone)]
pub struct Context {
    /// Who.
    pub request: Request,
    /// Until when.
    pub deadline: Instant,
}

/// What a register or login request holds.
pub struct Credentials {
    /// As it came.
    pub email: String,
    /// The password.
    pub password: crate::passwords::Password,
    /// All other members.
    pub members: Map<String, Value>,
}

impl Credentials {
    /// What of it the policy gets to see.
    fn attempt(self, generation: &Generation) -> Attempt {
        let canonical = crate::email::canonical(&self.email);
        let manifest = &generation.identity.manifest;
        let declared =
            |name: &str| manifest.declares(name) && !matches!(name, "email" | "password");
        Attempt {
            email_valid: canonical.is_some(),
            spelling: cut_bytes(self.email.trim(), crate::email::MAX_BYTES),
            email: canonical
                .unwrap_or_else(|| cut_bytes(self.email.trim(), crate::email::MAX_BYTES)),
            password: Some(self.password),
            members: self.members.into_iter().filter(|(name, _)| declared(name)).collect(),
            ..Attempt::default()
        }
    }
}

fn cut_bytes(text: &str, most: usize) -> String {
    text.chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= most).then_some(c)
        })
        .collect()
}

/// What serves in a slot now.
fn current(app: &App, slot: Slot) -> Result<Arc<Generation>, ApiError> {
    app.generations.current(slot).ok_or_else(|| {
        tracing::error!(%slot, "no policy serves in this slot");
        ApiError::no_policy()
    })
}

/// Asks the policy, and counts and logs what came of it. A refusal is answered here.
async fn decide<C: Contract>(
    app: &Arc<App>,
    generation: &Generation,
    context: &Context,
    attempt: Attempt,
) -> Result<(C::Acceptance, CallState), ApiError> {
    let identity = &generation.identity;
    // Every line of the log that this request writes from here on says which policy it went
    // through.
    let span = tracing::Span::current();
    span.record("slot", C::SLOT.as_str())
        .record("policy", &identity.manifest.name)
        .record("generation", identity.generation);
    let state = CallState::new(
        Arc::clone(&app.services),
        Arc::clone(identity),
        context.request.clone(),
        attempt,
    );
    let deadline = context.deadline.min(Instant::now() + app.policy_wall_limit());
    let called = call::call::<C>(generation, &app.generations, state, deadline).await;
    match called {
        Ok((Decision::Accepted(acceptance), state)) => Ok((acceptance, state)),
        Ok((Decision::Refused(refusal), state)) => {
            count(app, C::SLOT, "refused");
            Err(refuse(app, context, state, refusal).await)
        }
        Err(error) => Err(no_decision(app, C::SLOT, &error)),
    }
}

fn count(app: &App, slot: Slot, outcome: &str) {
    app.services.metrics.policy_calls.with_label_values(&[slot.as_str(), outcome]).inc();
}

/// An acceptance that passed the host's own checks.
fn accepted(app: &App, slot: Slot) {
    count(app, slot, "accepted");
}

/// The most of a fault that goes into the log.
const LOGGED_CHARACTERS: usize = 2000;

/// A call without a decision: counted by cause, logged with it, answered without it.
fn no_decision(app: &App, slot: Slot, error: &CallError) -> ApiError {
    match error {
        CallError::Fault { cause, detail } => {
            count(app, slot, "fault");
            app.services.metrics.policy_faults.with_label_values(&[slot.as_str(), cause]).inc();
            // Some of it is the policy's own text.
            let detail: String = detail.chars().take(LOGGED_CHARACTERS).collect();
            tracing::warn!(cause, detail, "the policy failed; nothing was written");
            ApiError::policy_fault()
        }
        CallError::Unavailable { retry_after, detail } => {
            count(app, slot, "failed");
            tracing::warn!(detail, "the policy could not be served; nothing was written");
            ApiError::unavailable(*retry_after)
        }
    }
}

/// A decision that the host does not carry out.
fn not_carried_out(app: &App, slot: Slot, why: &str) -> ApiError {
    no_decision(app, slot, &CallError::decision(why))
}

/// Answers a refusal, and commits what a refusal commits.
async fn refuse(app: &Arc<App>, context: &Context, state: CallState, refusal: Refusal) -> ApiError {
    let slot = state.identity.slot;
    let Some(declared) = state.identity.manifest.status(&refusal.code) else {
        return not_carried_out(
            app,
            slot,
            &format!("the manifest does not declare the refusal code {:?}", refusal.code),
        );
    };
    let proved = state
        .proved()
        .then(|| state.attempt.account.as_ref().map(|account| account.user_id))
        .flatten();
    let mut writes = state.writes;
    // Events of a registration belong to an account that was not created; throttles are cleared by
    // an acceptance.
    writes.throttle_clears.clear();
    if proved.is_none() {
        writes = Writes { slot: writes.slot, storage: writes.storage, ..Writes::default() };
    }
    if !writes.is_empty() {
        let store = app.services.store.clone();
        if let Err(error) =
            finish(app, context, slot, async move { store.refuse(proved, &writes).await }).await
        {
            return error;
        }
        app.outbox_wake.notify_one();
    }
    ApiError::refused(declared, refusal)
}

/// Carries something out; a conflict is answered here.
async fn finish<T: Send + 'static>(
    app: &App,
    context: &Context,
    slot: Slot,
    work: impl Future<Output = Carried<T>> + Send + 'static,
) -> Result<T, ApiError> {
    carry_out(app, context, work).await?.map_err(|conflict| conflicted(app, slot, conflict))
}

/// Carries something out in a task of its own: once begun it ends, whatever becomes of the client.
/// Where the time is up first, nobody knows yet how, and that is what the caller is told.
async fn carry_out<T: Send + 'static>(
    app: &App,
    context: &Context,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, ApiError> {
    if Instant::now() + app.request_limit() / WRITE > context.deadline {
        return Err(ApiError::timeout());
    }
    let task = app.tasks.spawn(work.instrument(tracing::Span::current()));
    match timeout_at(context.deadline - ANSWER, task).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(store_failed(&error)),
        Ok(Err(panic)) => {
            tracing::error!(%panic, "carrying out a decision failed");
            Err(ApiError::internal())
        }
        Err(_) => {
            tracing::error!(
                "the database did not answer in time; what was begun may be done or not"
            );
            Err(ApiError::outcome_unknown())
        }
    }
}

fn conflicted(app: &App, slot: Slot, conflict: Conflict) -> ApiError {
    match (conflict, slot) {
        (Conflict::EmailTaken, _) => ApiError::already_exists(),
        (Conflict::AccountChanged, Slot::Login) => ApiError::invalid_credentials(),
        (Conflict::AccountChanged | Conflict::SessionChanged | Conflict::TokenClaimed, _) => {
            ApiError::invalid_token()
        }
        (Conflict::StorageChanged, _) => ApiError::conflict(),
        (Conflict::AttributesTooLarge, _) => {
            not_carried_out(app, slot, "the account's attributes would exceed 32 KiB")
        }
    }
}

fn store_failed(error: &StoreError) -> ApiError {
    tracing::error!(%error, "the database failed");
    match error {
        StoreError::Unavailable(_) => ApiError::unavailable(1),
        StoreError::OutcomeUnknown(_) => ApiError::outcome_unknown(),
        StoreError::Damaged(_) | StoreError::Token(_) => ApiError::internal(),
    }
}

/// Waits for a part of the work, at most until the answer is of no use any more.
async fn in_time<T>(context: &Context, work: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout_at(context.deadline, work).await.map_err(|_| ApiError::timeout())
}

/// When a session that is opened or refreshed now ends at the latest.
fn session_end(now: Timestamp, usual_end: Timestamp, shortened_to: Option<u32>) -> Timestamp {
    shortened_to.map_or(usual_end, |seconds| usual_end.min(now + i64::from(seconds) * 1000))
}

impl App {
    fn new_token(
        &self,
        token: &RefreshToken,
        now: Timestamp,
        session_ends_at: Timestamp,
    ) -> NewToken {
        NewToken {
            token_id: Uuid::now_v7().to_string(),
            lookup: token.lookup(&self.services.keys),
            expires_at: session_ends_at.min(now + milliseconds(self.config.refresh_token_ttl)),
        }
    }

    fn new_session(
        &self,
        request: &Request,
        token: &RefreshToken,
        now: Timestamp,
        shortened_to: Option<u32>,
    ) -> NewSession {
        let ends_at =
            session_end(now, now + milliseconds(self.config.session_lifetime), shortened_to);
        NewSession {
            session_id: Uuid::now_v7().to_string(),
            address: request.address.clone(),
            user_agent: request.user_agent.clone(),
            ends_at,
            token: self.new_token(token, now, ends_at),
        }
    }
}

fn sign_failed(error: &jsonwebtoken::errors::Error) -> StoreError {
    StoreError::Token(error.to_string())
}
