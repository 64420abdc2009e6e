//! Answers by function and arguments: the n-th equal question gets the n-th answer, and the last
//! one again if it is asked more often.

use super::questions::{
    BreachPrefix, FindByEmail, Hit, HttpSend, IsBreached, IsInBreach, OpenSessions, RandomBytes,
    StorageGet, Strength, Verify,
};
use super::wrote::Wrote;
use crate::contract::bindings::types::Failure;

/// What the host said, or how it failed.
pub(super) type Answer<Q> = Result<<Q as Question>::Answer, Failure>;

/// A question whose answers are written down.
pub trait Question: PartialEq + Sized {
    /// What it is answered.
    type Answer: Clone;
    /// Whether the last answer is given again.
    const REPEATS: bool = true;

    /// Where its answers stand.
    fn told(answers: &mut Answers) -> &mut Told<Self>;

    /// Why a shadow cannot be told this, if the call that it shadows did not ask: a word.
    fn untold(&self, wrote: &Wrote) -> Option<&'static str>;

    /// The answer as it is kept.
    fn kept(answer: &Self::Answer) -> Self::Answer {
        answer.clone()
    }

    /// What it takes of the heap.
    fn bytes(&self) -> usize {
        0
    }

    /// What its answer takes of the heap.
    fn answer_bytes(_answer: &Self::Answer) -> usize {
        0
    }
}

/// The answers to all questions of a call.
#[derive(Default)]
pub struct Answers {
    pub(super) accounts: Told<FindByEmail>,
    pub(super) storage: Told<StorageGet>,
    pub(super) sessions: Told<OpenSessions>,
    pub(super) verifications: Told<Verify>,
    pub(super) strengths: Told<Strength>,
    pub(super) breaches: Told<IsBreached>,
    pub(super) breach_prefixes: Told<BreachPrefix>,
    pub(super) in_breaches: Told<IsInBreach>,
    pub(super) hits: Told<Hit>,
    pub(super) random: Told<RandomBytes>,
    pub(super) http: Told<HttpSend>,
}

/// The questions of one kind, in the order in which they were asked, with their answers.
pub struct Told<Q: Question>(Vec<Once<Q>>);

struct Once<Q: Question> {
    question: Q,
    answer: Answer<Q>,
    was_replayed: bool,
}

impl<Q: Question> Default for Told<Q> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Q: Question> Told<Q> {
    pub(super) fn add(&mut self, question: Q, answer: Answer<Q>, was_replayed: bool) {
        self.0.push(Once { question, answer, was_replayed });
    }

    /// The next answer to this question, if it was asked.
    pub(super) fn next(&mut self, question: &Q) -> Option<Answer<Q>> {
        let mut last = None;
        for once in self.0.iter_mut().filter(|once| once.question == *question) {
            if !once.was_replayed {
                once.was_replayed = true;
                return Some(once.answer.clone());
            }
            last = Some(&once.answer);
        }
        last.filter(|_| Q::REPEATS).cloned()
    }
}
