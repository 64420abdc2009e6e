//! Writing down what a call is asked with and answered, up to a bound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answers::{Answer, Answers, Question};
use super::room::Room;
use super::sizes;
use super::wrote::Wrote;
use crate::capabilities::state::processor::ProcessorTime;
use crate::clock::Timestamp;
use crate::contract::{Attempt, Request};
use crate::passwords::Password;
use crate::store::Writes;

/// More is not kept of one call.
const MOST_BYTES: usize = 256 << 10;

/// Writes down what a call is answered. It outlives the call, also one that was spoiled; clones
/// share it.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Option<Book>>>);

/// Gone once it is full.
struct Book {
    request: Request,
    attempt: Attempt,
    now: Timestamp,
    processor: Option<Arc<ProcessorTime>>,
    answers: Answers,
    room: Room,
}

/// An attempt with all that the host answered in its call: what a shadow runs on. Of the password
/// it knows the length only: the text is gone when the request is answered.
pub struct Recording {
    pub(super) request: Request,
    pub(super) attempt: Attempt,
    /// The time of the call.
    pub(super) now: Timestamp,
    pub(super) answers: Answers,
    pub(super) wrote: Wrote,
    /// When the call had decided.
    pub(super) decided_at: Instant,
    bytes: usize,
    /// Its part of what all recordings may take, until something else counts it.
    pub(super) room: Option<Room>,
    processor_time: Duration,
}

impl Recorder {
    /// For a call of this attempt: as the candidate is asked, with the members that the candidate's
    /// own manifest declares.
    pub fn new(request: &Request, attempt: &Attempt) -> Self {
        let mut attempt = attempt.clone();
        // No policy sees it, and what verifies a password does not run in a shadow.
        if let Some(account) = &mut attempt.account {
            account.password_hash = String::new();
        }
        attempt.password = attempt.password.as_ref().map(of_the_same_length);
        let mut room = Room::of_at_most(MOST_BYTES);
        let fits = room.take(sizes::request(request) + sizes::attempt(&attempt));
        let book = Book {
            request: request.clone(),
            attempt,
            now: 0,
            processor: None,
            answers: Answers::default(),
            room,
        };
        Self(Arc::new(Mutex::new(fits.then_some(book))))
    }

    /// All of it, with what the call came to: a shadow that reads something that the call wrote, or
    /// sessions after an acceptance, cannot be compared. None if it is more than is kept for a
    /// shadow, or if too many calls are recorded at once.
    pub fn recorded(self, accepted: bool, writes: &Writes) -> Option<Recording> {
        let Book { request, attempt, now, processor, answers, mut room } = self.book().take()?;
        let wrote = Wrote::new(accepted, writes);
        if !room.take(wrote.bytes()) {
            return None;
        }
        let (bytes, decided_at) = (room.bytes(), Instant::now());
        let processor_time = processor.map_or(0, |processor| processor.nanoseconds());
        let processor_time = Duration::from_nanos(processor_time);
        let room = Some(room);
        Some(Recording {
            request,
            attempt,
            now,
            answers,
            wrote,
            decided_at,
            bytes,
            room,
            processor_time,
        })
    }

    /// The call begins.
    pub(in crate::capabilities::state) fn begin(
        &self,
        now: Timestamp,
        processor: Arc<ProcessorTime>,
    ) {
        if let Some(book) = &mut *self.book() {
            (book.now, book.processor) = (now, Some(processor));
        }
    }

    /// Writes an answer down.
    pub(super) fn note<Q: Question>(&self, question: Q, answer: Answer<Q>) {
        let mut book = self.book();
        let Some(kept) = &mut *book else { return };
        let of_answer = answer.as_ref().map_or(0, Q::answer_bytes);
        if kept.room.take(size_of::<(Q, Answer<Q>)>() + question.bytes() + of_answer) {
            Q::told(&mut kept.answers).add(question, answer, false);
        } else {
            *book = None;
        }
    }

    fn book(&self) -> MutexGuard<'_, Option<Book>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recording {
    /// What it takes of memory, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    /// From now on somebody else counts what it takes of memory.
    pub fn is_counted_elsewhere(&mut self) {
        self.room = None;
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request.id
    }

    /// When the call was asked, as its policy was told the time.
    pub fn asked_at(&self) -> Timestamp {
        self.now
    }

    /// The processor time of the recorded call.
    pub fn processor_time(&self) -> Duration {
        self.processor_time
    }
}

/// All that a shadow can ask of a password that it does not find in the answers.
fn of_the_same_length(password: &Password) -> Password {
    Password::new(&"x".repeat(password.expose().chars().count()))
}
