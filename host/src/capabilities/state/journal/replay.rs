//! Answering a shadow: from the recording, or from the database as it is now, if the recorded call
//! changed nothing of what is asked. All else ends it.

use std::time::Duration;

use tokio::time::Instant;

use super::answers::{Answer, Answers, Question};
use super::live::LiveReads;
use super::wrote::Wrote;
use crate::contract::TrappableFailure;
use crate::contract::bindings::types::Failure;

/// After so long the database is not asked for a shadow any more: other calls have written since.
const LATEST: Duration = Duration::from_secs(2);
const READS_TOO_LATE: &str = "reads_too_late";

/// Why a shadow came to no end that tells anything about its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It asked what cannot be answered as it was then: a word that says what.
    NotComparable(&'static str),
    /// The host could not do its part: a word that says which.
    Skipped(&'static str),
}

/// What a shadow is answered.
pub struct Replay {
    answers: Answers,
    wrote: Wrote,
    live: LiveReads,
    /// When the recorded call had decided.
    decided_at: Instant,
    pub(super) ended: Option<Ended>,
    /// Whether it was told that the host could not do its part, as the recorded call was.
    pub(super) was_told_unavailable: bool,
}

/// Ends a shadow; why stands in its replay.
#[derive(Debug, thiserror::Error)]
#[error("a shadow ends: {0}")]
struct ShadowEnds(&'static str);

impl Replay {
    pub(super) fn new(
        answers: Answers,
        wrote: Wrote,
        live: LiveReads,
        decided_at: Instant,
    ) -> Self {
        Self { answers, wrote, live, decided_at, ended: None, was_told_unavailable: false }
    }

    /// Where it reads now, unless that says nothing of then any more.
    pub(super) fn live(&mut self) -> Result<LiveReads, TrappableFailure> {
        if self.decided_at.elapsed() > LATEST {
            return Err(self.end(Ended::NotComparable(READS_TOO_LATE), READS_TOO_LATE));
        }
        Ok(self.live.clone())
    }

    /// What was answered then; none if it may be asked now.
    pub(super) fn answer<Q: Question>(
        &mut self,
        question: &Q,
    ) -> Option<Result<Q::Answer, TrappableFailure>> {
        if let Some(answer) = Q::told(&mut self.answers).next(question) {
            let answer = answer.map_err(again);
            self.was_told_unavailable |= matches!(answer, Err(TrappableFailure::Unavailable(_)));
            return Some(answer);
        }
        let why = question.untold(&self.wrote)?;
        Some(Err(self.end(Ended::NotComparable(why), why)))
    }

    /// What was answered now is answered again.
    pub(super) fn note<Q: Question>(&mut self, question: Q, answer: Answer<Q>) {
        Q::told(&mut self.answers).add(question, answer, true);
    }

    /// The database did not answer.
    pub(super) fn skip(&mut self, why: &'static str) -> TrappableFailure {
        self.end(Ended::Skipped(why), why)
    }

    fn end(&mut self, ended: Ended, why: &'static str) -> TrappableFailure {
        self.ended.get_or_insert(ended);
        TrappableFailure::Trap(wasmtime::Error::new(ShadowEnds(why)))
    }
}

fn again(failure: Failure) -> TrappableFailure {
    match failure {
        Failure::Unavailable(seconds) => TrappableFailure::Unavailable(seconds),
        Failure::Denied(text) => TrappableFailure::Denied(text),
        Failure::Limit(text) => TrappableFailure::Limit(text),
        Failure::Other(text) => TrappableFailure::Other(text),
    }
}
