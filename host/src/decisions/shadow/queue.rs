//! The calls that wait for their shadow: a queue for each place, of which the worker takes one in
//! turns. So a slow candidate lets only calls of its own place wait.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, mpsc};

use super::job::Job;
use crate::contract::{PerSlot, Slot};

/// So many calls of a place wait for their shadow at most.
const PLACES: usize = 85;
/// So much memory they have together.
const BYTES: usize = 5 << 20;

/// Where calls wait.
pub(super) struct Queue {
    waiting: PerSlot<mpsc::Sender<Job>>,
    bytes: PerSlot<Arc<Semaphore>>,
    /// Until the worker takes it.
    jobs: Mutex<Option<Jobs>>,
}

/// The worker's end of it.
pub(super) struct Jobs {
    register: mpsc::Receiver<Job>,
    login: mpsc::Receiver<Job>,
    refresh: mpsc::Receiver<Job>,
}

impl Queue {
    pub(super) fn new() -> Self {
        let (register, of_register) = mpsc::channel(PLACES);
        let (login, of_login) = mpsc::channel(PLACES);
        let (refresh, of_refresh) = mpsc::channel(PLACES);
        let jobs = Jobs { register: of_register, login: of_login, refresh: of_refresh };
        let waiting = |slot| match slot {
            Slot::Register => register.clone(),
            Slot::Login => login.clone(),
            Slot::Refresh => refresh.clone(),
        };
        Self {
            waiting: PerSlot::from_fn(waiting),
            bytes: PerSlot::from_fn(|_| Arc::new(Semaphore::new(BYTES))),
            jobs: Mutex::new(Some(jobs)),
        }
    }

    /// Why a call of this place would find none: a word.
    pub(super) fn refuses(&self, slot: Slot) -> Option<&'static str> {
        let waiting = self.waiting.get(slot);
        if waiting.is_closed() {
            Some("stopping")
        } else {
            (waiting.capacity() == 0).then_some("queue_full")
        }
    }

    /// The memory of the queue that a call's recording takes.
    pub(super) const fn bytes(&self, slot: Slot) -> &Arc<Semaphore> {
        self.bytes.get(slot)
    }

    /// Lets a call wait, or gives it back.
    pub(super) fn put(&self, slot: Slot, job: Job) -> Result<(), Box<Job>> {
        self.waiting.get(slot).try_send(job).map_err(|error| Box::new(error.into_inner()))
    }

    /// For the worker, once.
    pub(super) fn take_jobs(&self) -> Option<Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Jobs {
    /// The next call, of any place in which one waits: chance says which, so that each has its
    /// turn.
    pub(super) async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            Some(job) = self.register.recv() => Some(job),
            Some(job) = self.login.recv() => Some(job),
            Some(job) = self.refresh.recv() => Some(job),
            else => None,
        }
    }

    /// Takes no further calls; those that still wait.
    pub(super) fn close(mut self) -> Vec<Job> {
        let mut left = Vec::new();
        for jobs in [&mut self.register, &mut self.login, &mut self.refresh] {
            jobs.close();
            while let Ok(job) = jobs.try_recv() {
                left.push(job);
            }
        }
        left
    }
}
