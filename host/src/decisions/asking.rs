//! Asking the policy, and what is counted and logged of its answer.

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use super::checks::{Checked, settle};
use super::question::{Call, Question};
use super::shadow::{Following, Shadows, Upshot};
use super::{Context, DecisionMetrics};
use crate::capabilities::{Outcome, Services};
use crate::contract::{Attempt, PerSlot, Slot};
use crate::errors::{ApiError, catalogue};
use crate::policy::health::{CallOutcome, Network, Observed, Subject};
use crate::policy::runtime::{CallError, Decision, Generation, call};
use crate::policy::serving::Generations;
use crate::store::registry::RolloutMode;
use crate::telemetry::{Rarely, rarely};

/// The most of a fault that goes into the log.
const LOGGED_CHARACTERS: usize = 2000;
/// A policy that always fails must not hide another that fails now and then.
static FAULTS: LazyLock<PerSlot<Rarely>> = LazyLock::new(|| PerSlot::from_fn(|_| Rarely::new()));

pub(super) struct Asking {
    pub(super) generations: Arc<Generations>,
    pub(super) services: Arc<Services>,
    pub(super) shadows: Arc<Shadows>,
    /// When the caller gives up. A policy's share of it ends well before the request's own limit,
    /// so that its 503 is seen.
    pub(super) caller_patience: Duration,
    pub(super) metrics: Arc<DecisionMetrics>,
}

impl Asking {
    /// What serves in a slot now.
    fn current(&self, slot: Slot) -> Result<Arc<Generation>, ApiError> {
        self.generations.current(slot).ok_or_else(|| {
            rarely!(error, %slot, "no policy serves in this slot");
            catalogue::NO_POLICY.into()
        })
    }

    /// Finds who decides about this person.
    pub(super) fn question(&self, slot: Slot, subject: Subject) -> Result<Question, ApiError> {
        let active = self.current(slot)?;
        let trial = self.generations.trial(&active);
        let key = &self.services.keys.policy_share;
        let candidate = trial.as_ref().filter(|trial| trial.takes(key, &subject));
        let generation = candidate.map_or(active, |trial| Arc::clone(&trial.generation));
        let following =
            trial.as_ref().and_then(|trial| Following::begin(&self.shadows, trial, &subject));
        Ok(Question { generation, subject, trial, following, call: OnceLock::new() })
    }

    /// A decision that passed the host's own checks, and what it commits.
    pub(super) async fn ask<C: Checked>(
        &self,
        question: &Question,
        context: &Context,
        attempt: Attempt,
    ) -> Result<(Decision<C::Acceptance>, Outcome), ApiError> {
        let generation = &*question.generation;
        let identity = &generation.identity;
        // Every line of the log that this request writes from here on says which policy it went
        // through.
        tracing::Span::current()
            .record("slot", C::SLOT.as_str())
            .record("policy", &identity.manifest.name)
            .record("release", identity.release);
        let share = generation.profile.limits.wall_clock_share;
        let deadline = context.deadline.min(Instant::now() + self.caller_patience.mul_f64(share));
        let following = question.following.as_ref();
        let recorder = following.map(|following| following.record(&context.request, &attempt));
        let (request, recorder) = (context.request.clone(), recorder.as_ref());
        let begun = Instant::now();
        let called =
            call::<C>(generation, &self.services, request, attempt, deadline, recorder).await;
        let network = context.request.address.as_deref().and_then(Network::of);
        let _ = question.call.set(Call { network, time: begun.elapsed() });
        let (decision, state) = called.map_err(|error| self.no_decision(question, &error))?;
        // A decision is counted after the host's own checks.
        let settled = settle::<C>(decision, state);
        let (decision, outcome) = settled.map_err(|why| self.not_carried_out(question, &why))?;
        if let Some(following) = following {
            let upshot = Upshot::of::<C>(&decision, &outcome.writes, &identity.manifest);
            following.decided(upshot, &outcome.writes);
        }
        Ok((decision, outcome))
    }

    /// An acceptance that passed the host's own checks.
    pub(super) fn accepted(&self, question: &Question) {
        question.generation.counts.accepted();
        self.count_in_group(question, CallOutcome::Accepted);
        self.count(question.slot(), "accepted");
    }

    /// A refusal that passed them.
    pub(super) fn refused(&self, question: &Question, code: &str) {
        question.generation.counts.refused(code);
        self.count_in_group(question, CallOutcome::Refused(code));
        self.count(question.slot(), "refused");
    }

    /// A decision that the host does not carry out.
    pub(super) fn not_carried_out(&self, question: &Question, why: &str) -> ApiError {
        self.no_decision(question, &CallError::decision(why))
    }

    /// A call without a decision: counted by cause, logged with it, answered without it.
    fn no_decision(&self, question: &Question, error: &CallError) -> ApiError {
        let (slot, counts) = (question.slot(), &question.generation.counts);
        match error {
            CallError::Fault { cause, detail } => {
                let person = question.subject.hash(&self.services.keys.policy_health);
                counts.fault(*cause, person);
                self.count_in_group(question, CallOutcome::Fault(*cause));
                question.spoiled(*cause);
                self.count(slot, "fault");
                let (cause, remedy) = (cause.as_str(), cause.remedy(detail));
                self.metrics.policy_faults.with_label_values(&[slot.as_str(), cause]).inc();
                // Some of it is the policy's own text.
                let detail: String = detail.chars().take(LOGGED_CHARACTERS).collect();
                let line = FAULTS.get(slot);
                rarely!(
                    line => warn, cause, detail, remedy, "the policy failed; nothing was written"
                );
                catalogue::POLICY_FAULT.into()
            }
            CallError::Unavailable { retry_after, busy, detail } => {
                counts.failed();
                self.count_in_group(question, CallOutcome::Failed);
                self.count(slot, "failed");
                rarely!(warn, detail, "the policy could not be served; nothing was written");
                let code = if *busy { catalogue::BUSY } else { catalogue::UNAVAILABLE };
                ApiError::from(code).after(*retry_after)
            }
        }
    }

    /// For the judgement: of what serves, and while a share is tried of the candidate's group or
    /// the active release's beside it. Of a shadow both are counted where they are compared.
    fn count_in_group(&self, question: &Question, outcome: CallOutcome<'_>) {
        let key = &self.services.keys.policy_health;
        let call = question.call.get().copied().unwrap_or_default();
        let observed = Observed {
            subject: question.subject.hash(key),
            network: call.network.map(|network| network.hash(key)),
            outcome,
            time: call.time,
        };
        question.generation.counts.observe(&observed);
        let trial = question.trial.as_ref().filter(|trial| trial.mode == RolloutMode::Share);
        if let Some(trial) = trial {
            let group = if question.is_candidates() { &trial.candidate } else { &trial.active };
            group.count(&observed);
        }
    }

    fn count(&self, slot: Slot, outcome: &str) {
        self.metrics.policy_calls.with_label_values(&[slot.as_str(), outcome]).inc();
    }
}
