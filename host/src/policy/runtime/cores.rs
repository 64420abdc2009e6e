//! Processors as a budget of the process: so many calls run at once as there are processors, and
//! where more want to, slots take turns. A turn lasts until the call waits or yields, so for one
//! tick at most; a slot whose policy loops takes its share, and no more.
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
    /// Only while none is free.
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

    fn new(count: usize) -> Self {
        Self(Mutex::new(State { free: count, waiting: PerSlot::default(), last: Slot::Register }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self) {
        let next = {
            let mut state = self.state();
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
            if let Some(waiting) = self.waiting.get_mut(*slot).pop_front() {
                self.last = *slot;
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
            None if state.free > 0 => state.free -= 1,
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
        Poll::Ready(Core(&self.cores))
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
        self.cores.give_back();
    }
}

/// A processor that a call runs on; the next one gets it when this is dropped.
pub(super) struct Core<'a>(&'a Cores);

impl Drop for Core<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    /// Remembers that it was woken.
    #[derive(Default)]
    struct Bell(AtomicBool);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Somebody who waits, polled by hand.
    struct Somebody {
        place: Place,
        bell: Arc<Bell>,
    }

    impl Somebody {
        fn waits(cores: &Arc<Cores>, slot: Slot) -> Self {
            let mut somebody = Self { place: Place::new(cores, slot), bell: Arc::default() };
            assert!(!somebody.polls(), "there was a free one");
            somebody
        }

        /// Whether it got a processor, which it gives back at once.
        fn polls(&mut self) -> bool {
            let waker = Waker::from(Arc::clone(&self.bell));
            self.place.poll_core(&Context::from_waker(&waker)).is_ready()
        }

        fn was_woken(&self) -> bool {
            self.bell.0.load(Ordering::Relaxed)
        }
    }

    fn take(place: &mut Place) -> Core<'_> {
        let Poll::Ready(core) = place.poll_core(&Context::from_waker(Waker::noop())) else {
            panic!("none was free");
        };
        core
    }

    #[test]
    fn a_refresh_waits_for_one_turn_however_many_logins_wait() {
        let cores = Arc::new(Cores::new(1));
        let mut running = Place::new(&cores, Slot::Login);
        let core = take(&mut running);
        let mut logins: Vec<_> = (0..80).map(|_| Somebody::waits(&cores, Slot::Login)).collect();
        drop(core);
        // It was given to the first of them, which does not run yet.
        let mut refresh = Somebody::waits(&cores, Slot::Refresh);
        assert!(logins[0].was_woken() && logins[0].polls());
        assert!(refresh.was_woken(), "a second login was served before the refresh");
        assert!(!logins[1].polls());
        assert!(refresh.polls());
        assert!(logins[1].polls() && !logins[3].polls(), "logins are not served in order");
    }

    #[test]
    fn who_goes_away_leaves_its_turn_to_the_next() {
        let cores = Arc::new(Cores::new(1));
        let mut running = Place::new(&cores, Slot::Login);
        let core = take(&mut running);
        let first = Somebody::waits(&cores, Slot::Login);
        let second = Somebody::waits(&cores, Slot::Login);
        let mut third = Somebody::waits(&cores, Slot::Login);
        drop(second);
        drop(core);
        assert!(first.was_woken());
        drop(first);
        assert!(third.was_woken() && third.polls());
        assert_eq!(cores.state().free, 1);
    }

    #[test]
    fn there_is_a_worker_more_than_calls_can_hold() {
        assert!(Cores::of_this_machine().state().free < worker_threads());
    }

    /// Many at once, on more threads than there are processors to give; some of them give up. Each
    /// of the others ends, and no processor is lost.
    #[test]
    fn nobody_waits_for_ever() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(6).enable_all().build();
        let cores = Arc::new(Cores::new(2));
        let at_once = Arc::new(AtomicUsize::new(0));
        runtime.unwrap().block_on(async {
            let tasks: Vec<_> = (0..600_u32)
                .map(|number| {
                    let slot = Slot::ALL[number as usize % 3];
                    let (cores, at_once) = (Arc::clone(&cores), Arc::clone(&at_once));
                    let task = tokio::spawn(works(cores, slot, at_once));
                    (number.is_multiple_of(7), task)
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(1)).await;
            for (gives_up, task) in &tasks {
                if *gives_up {
                    task.abort();
                }
            }
            for (gives_up, task) in tasks {
                let ended = tokio::time::timeout(Duration::from_mins(2), task).await;
                assert!(ended.expect("it waits for ever").is_ok() || gives_up);
            }
        });
        assert_eq!(cores.state().free, 2, "a processor was lost");
    }

    async fn works(cores: Arc<Cores>, slot: Slot, at_once: Arc<AtomicUsize>) {
        let mut place = Place::new(&cores, slot);
        let mut left = 200;
        poll_fn(|context| {
            let Poll::Ready(_core) = place.poll_core(context) else { return Poll::Pending };
            assert!(at_once.fetch_add(1, Ordering::SeqCst) < 2, "more than there are");
            for _ in 0..100 {
                std::hint::spin_loop();
            }
            at_once.fetch_sub(1, Ordering::SeqCst);
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
