//! Processors as a budget of the process: so many calls run at once as there are processors, all
//! but one of them of one slot; where more want to, slots take turns. A turn lasts until the call
//! waits or yields, so for one tick at most; a slot whose policy loops takes its share, and no more.
//!
//! The runtime has one worker thread more than calls may run at once. So there is always one for
//! everything else: signals, health, time limits, connections.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::contract::{PerSlot, Slot};

/// Worker threads that the runtime of a service needs.
pub fn worker_threads() -> usize {
    processors().max(2) + 1
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The processors that calls run on.
#[derive(Debug)]
pub struct Cores(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Calls of a slot that have one.
    running: PerSlot<usize>,
    /// So many calls of one slot may have one.
    most: usize,
    /// Only while none is free, or their slot has all that it may have.
    waiting: PerSlot<VecDeque<Waiting>>,
    /// The slot that was given one last, of those that had to wait.
    last: Slot,
}

#[derive(Debug)]
struct Waiting {
    given: Arc<AtomicBool>,
    waker: Waker,
}

impl Cores {
    /// Those of this machine.
    pub(super) fn of_this_machine() -> Self {
        Self::new(processors())
    }

    pub(super) fn new(count: usize) -> Self {
        Self(Mutex::new(State {
            free: count,
            running: PerSlot::default(),
            // What loops in one slot leaves one to all others.
            most: count.saturating_sub(1).max(1),
            waiting: PerSlot::default(),
            last: Slot::Register,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, slot: Slot) {
        let next = {
            let mut state = self.state();
            *state.running.get_mut(slot) -= 1;
            let next = state.next();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

impl State {
    /// Gives a processor to who waits longest in the slot whose turn it is.
    fn next(&mut self) -> Option<Waker> {
        let after = Slot::ALL.iter().position(|slot| *slot == self.last).unwrap_or(0) + 1;
        let slots = Slot::ALL.iter().cycle().skip(after).take(Slot::ALL.len());
        for slot in slots {
            if *self.running.get(*slot) >= self.most {
                continue;
            }
            if let Some(waiting) = self.waiting.get_mut(*slot).pop_front() {
                self.last = *slot;
                *self.running.get_mut(*slot) += 1;
                waiting.given.store(true, Ordering::Relaxed);
                return Some(waiting.waker);
            }
        }
        None
    }
}

/// What a call holds to get on a processor, again and again.
pub(super) struct Place {
    cores: Arc<Cores>,
    slot: Slot,
    /// While it waits: whether it was given one meanwhile.
    waits: Option<Arc<AtomicBool>>,
}

impl Place {
    pub(super) fn new(cores: &Arc<Cores>, slot: Slot) -> Self {
        Self { cores: Arc::clone(cores), slot, waits: None }
    }

    /// Takes a processor, or waits for one.
    pub(super) fn poll_core(&mut self, context: &Context<'_>) -> Poll<Core<'_>> {
        let mut state = self.cores.state();
        match &self.waits {
            None if state.free > 0 && *state.running.get(self.slot) < state.most => {
                state.free -= 1;
                *state.running.get_mut(self.slot) += 1;
            }
            None => {
                let given = Arc::new(AtomicBool::new(false));
                let waiting = Waiting { given: Arc::clone(&given), waker: context.waker().clone() };
                state.waiting.get_mut(self.slot).push_back(waiting);
                drop(state);
                self.waits = Some(given);
                return Poll::Pending;
            }
            Some(given) if given.load(Ordering::Relaxed) => {}
            Some(given) => {
                let queue = state.waiting.get_mut(self.slot);
                if let Some(own) = queue.iter_mut().find(|one| Arc::ptr_eq(&one.given, given)) {
                    own.waker.clone_from(context.waker());
                }
                return Poll::Pending;
            }
        }
        drop(state);
        self.waits = None;
        Poll::Ready(Core(&self.cores, self.slot))
    }
}

impl Drop for Place {
    /// Who goes away leaves nothing that is reserved for it.
    fn drop(&mut self) {
        let Some(given) = self.waits.take() else { return };
        {
            let mut state = self.cores.state();
            if !given.load(Ordering::Relaxed) {
                let queue = state.waiting.get_mut(self.slot);
                queue.retain(|one| !Arc::ptr_eq(&one.given, &given));
                return;
            }
        }
        self.cores.give_back(self.slot);
    }
}

/// A processor that a call runs on; the next one gets it when this is dropped.
pub(super) struct Core<'a>(&'a Cores, Slot);

impl Drop for Core<'_> {
    fn drop(&mut self) {
        self.0.give_back(self.1);
    }
}

#[cfg(test)]
mod tests;
