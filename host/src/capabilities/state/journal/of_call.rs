//! The journal of one call: none, one that is written, or one that is read.

use super::answers::Question;
use super::live::LiveReads;
use super::recorder::{Recorder, Recording};
use super::replay::{Ended, Replay};
use crate::clock::Timestamp;
use crate::contract::bindings::types::Failure;
use crate::contract::{Attempt, Request, TrappableFailure};

/// The journal of one call.
#[derive(Default)]
pub enum Journal {
    /// Nobody looks.
    #[default]
    None,
    /// The answers of a call are written down.
    Records(Recorder),
    /// The call is a shadow, and gets the answers of another one.
    Replays(Box<Replay>),
}

impl Journal {
    /// Of a shadow of the recorded call, and what it is asked when.
    pub(crate) fn of_shadow(
        recording: Recording,
        live: LiveReads,
    ) -> (Self, Request, Attempt, Timestamp) {
        let Recording { request, attempt, now, answers, wrote, decided_at, .. } = recording;
        let replay = Replay::new(answers, wrote, live, decided_at);
        (Self::Replays(Box::new(replay)), request, attempt, now)
    }

    /// Whether nothing of this call may be seen outside of it.
    pub(crate) fn is_shadow(&self) -> bool {
        matches!(self, Self::Replays(_))
    }

    /// In a shadow: what was answered then, or the end of the shadow. None if the host is to be
    /// asked now.
    pub(crate) fn answer<Q: Question>(
        &mut self,
        question: impl FnOnce() -> Q,
    ) -> Option<Result<Q::Answer, TrappableFailure>> {
        match self {
            Self::Replays(replay) => replay.answer(&question()),
            Self::None | Self::Records(_) => None,
        }
    }

    /// Writes down what the host answered, if somebody looks.
    pub(crate) fn note<Q: Question>(
        &mut self,
        question: impl FnOnce() -> Q,
        answer: &Result<Q::Answer, TrappableFailure>,
    ) {
        if matches!(self, Self::None) {
            return;
        }
        let answer = match answer {
            Ok(answer) => Ok(Q::kept(answer)),
            Err(TrappableFailure::Unavailable(seconds)) => Err(Failure::Unavailable(*seconds)),
            Err(TrappableFailure::Denied(text)) => Err(Failure::Denied(text.clone())),
            Err(TrappableFailure::Limit(text)) => Err(Failure::Limit(text.clone())),
            Err(TrappableFailure::Other(text)) => Err(Failure::Other(text.clone())),
            // The call ends, and its shadow asks in vain.
            Err(TrappableFailure::Trap(_)) => return,
        };
        match self {
            Self::None => {}
            Self::Records(recorder) => recorder.note(question(), answer),
            Self::Replays(replay) => replay.note(question(), answer),
        }
    }

    /// Where a shadow reads what was not read then, or its end if it is too late for that.
    pub(crate) fn live(&mut self) -> Option<Result<LiveReads, TrappableFailure>> {
        match self {
            Self::Replays(replay) => Some(replay.live()),
            Self::None | Self::Records(_) => None,
        }
    }

    /// Ends a shadow for which the host could not do its part.
    pub(crate) fn skip(&mut self, why: &'static str) -> TrappableFailure {
        match self {
            Self::Replays(replay) => replay.skip(why),
            Self::None | Self::Records(_) => TrappableFailure::Unavailable(None),
        }
    }

    /// Why a shadow was ended, if it was.
    pub fn ended(&self) -> Option<Ended> {
        match self {
            Self::Replays(replay) => replay.ended,
            Self::None | Self::Records(_) => None,
        }
    }

    /// Whether a shadow was told that the host could not do its part.
    pub fn was_told_unavailable(&self) -> bool {
        matches!(self, Self::Replays(replay) if replay.was_told_unavailable)
    }
}
