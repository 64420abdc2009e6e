//! Turns at the processors, polled by hand and by many at once.

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
fn one_slot_leaves_a_processor_to_the_others() {
    let cores = Arc::new(Cores::new(3));
    let mut logins = [(); 3].map(|()| Place::new(&cores, Slot::Login));
    let [first, second, third] = &mut logins;
    let (one, two) = (take(first), take(second));
    let context = Context::from_waker(Waker::noop());
    assert!(third.poll_core(&context).is_pending(), "logins have all processors");
    let mut refresh = Place::new(&cores, Slot::Refresh);
    drop(take(&mut refresh));
    drop(one);
    assert!(third.poll_core(&context).is_ready());
    drop(two);
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
