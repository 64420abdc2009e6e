//! The places of a listener: how many are taken, and who gives way. What waits for a request gives
//! way to what comes; a connection with a request in flight is never closed for it. So that one peer
//! cannot keep all others out with those, it has a share of them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::idle::{Class, Idle, InFlight, Rank};
use crate::http::metrics::ConnectionMetrics;

/// Places beyond the bound: for health, metrics, and for telling that there is no room.
pub(super) const SPARE: usize = 64;
/// Requests of the spare paths that take no place. With more, if their answers hang, the spare places
/// would be full, and nobody would be heard any more.
const SPARE_REQUESTS: usize = SPARE / 2;

/// How long we wait when the system has no room and nobody gives way.
const PAUSE: Duration = Duration::from_millis(50);

/// Paths that the server treats in a way of their own.
#[derive(Debug, Clone, Copy)]
pub struct ServerPaths {
    /// They never wait, and never take a place.
    pub free: &'static [&'static str],
    /// They are answered also when there is no place for a request.
    pub spare: &'static [&'static str],
    /// Their callers open a connection for one request, and do not use it again.
    pub alone: &'static [&'static str],
}

/// All places of a listener.
pub(super) struct Places {
    bound: usize,
    paths: ServerPaths,
    open: AtomicUsize,
    /// Requests in flight that take a place.
    in_flight: AtomicUsize,
    /// Requests in flight that take none, for their paths are spare.
    spare: AtomicUsize,
    state: Mutex<State>,
    /// A place became free.
    room: Notify,
    metrics: ConnectionMetrics,
}

/// What a request takes while it is in flight.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Taken {
    #[default]
    Nothing,
    Spare,
    Place,
}

struct State {
    idle: Idle<Waiting>,
    /// How many were told to leave and are still there.
    leaving: usize,
}

/// A connection that waits, and how it is told to leave.
pub(super) struct Waiting {
    pub(super) told: Arc<AtomicBool>,
    pub(super) waker: Waker,
}

impl Places {
    pub(super) fn new(bound: usize, paths: ServerPaths, metrics: ConnectionMetrics) -> Self {
        Self {
            bound,
            paths,
            open: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            state: Mutex::new(State { idle: Idle::new(bound.div_ceil(2)), leaving: 0 }),
            room: Notify::new(),
            metrics,
        }
    }

    /// Waits until one more connection may be accepted.
    pub(super) async fn room(&self) {
        while self.open.load(Ordering::Acquire) >= self.bound + SPARE {
            self.room.notified().await;
        }
    }

    /// A connection was accepted; if it is one too many, another is told to leave. Returns whether
    /// none could be, and the count of its peer's requests.
    pub(super) fn opened(&self, peer: IpAddr) -> (bool, InFlight) {
        self.metrics.open.inc();
        let mut state = self.lock();
        let open = self.open.fetch_add(1, Ordering::AcqRel) + 1;
        let of_peer = state.idle.opened(peer);
        self.settle(&mut state);
        (state.leaving < open.saturating_sub(self.bound), of_peer)
    }

    /// A connection has ended.
    pub(super) fn closed(&self, peer: IpAddr, rank: Option<Rank>, told: &AtomicBool) {
        let mut state = self.lock();
        state.forget(rank, told);
        state.idle.closed(peer);
        self.open.fetch_sub(1, Ordering::AcqRel);
        drop(state);
        self.metrics.open.dec();
        self.room.notify_one();
    }

    /// The system has no room for a connection, though we have: some that wait give way, so that
    /// other parts have files, too. Returns when the first has, or after a pause.
    pub(super) async fn make_room(&self) {
        self.tell_some();
        let _ = timeout(PAUSE, self.room.notified()).await;
    }

    fn tell_some(&self) {
        let mut state = self.lock();
        for _ in 0..SPARE {
            if !state.tell_next(true) {
                break;
            }
        }
    }

    /// A connection begins to wait. One that was told to leave meanwhile is woken to see it.
    pub(super) fn rest(
        &self,
        peer: IpAddr,
        (class, before): (Class, Option<Rank>),
        waiting: Waiting,
    ) -> Option<Rank> {
        let mut state = self.lock();
        if waiting.told.load(Ordering::Acquire) {
            waiting.waker.wake();
            return before;
        }
        if let Some(rank) = before {
            state.idle.remove(rank);
        }
        let rank = state.idle.insert(peer, class, waiting);
        self.settle(&mut state);
        Some(rank)
    }

    /// A connection does not wait any more. If it had been told to leave, another is in its stead.
    pub(super) fn stir(&self, rank: Option<Rank>, told: &AtomicBool) {
        let mut state = self.lock();
        state.forget(rank, told);
        self.settle(&mut state);
    }

    /// It leaves for another.
    pub(super) fn leaves(&self) {
        self.metrics.closed_for_room.inc();
    }

    /// Whether half of all places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.open.load(Ordering::Acquire) * 2 >= self.bound
    }

    /// A request begins. Returns what it takes; none if there is no place for it, or its peer has
    /// three quarters of all.
    pub(super) fn begin(&self, path: &str, of_peer: &InFlight) -> Option<Taken> {
        if self.paths.free.contains(&path) {
            return Some(Taken::Nothing);
        }
        if self.paths.spare.contains(&path) && take(&self.spare, SPARE_REQUESTS) {
            return Some(Taken::Spare);
        }
        if take(of_peer, self.bound - self.bound / 4) {
            if take(&self.in_flight, self.bound) {
                return Some(Taken::Place);
            }
            give_back(of_peer);
        }
        self.metrics.refused.inc();
        None
    }

    /// A request has ended that took this.
    pub(super) fn end(&self, taken: &Taken, of_peer: &InFlight) {
        match taken {
            Taken::Nothing => {}
            Taken::Spare => give_back(&self.spare),
            Taken::Place => {
                give_back(of_peer);
                give_back(&self.in_flight);
            }
        }
    }

    /// Whether requests of this path come alone on their connection.
    pub(super) fn comes_alone(&self, path: &str) -> bool {
        self.paths.alone.contains(&path)
    }

    /// Tells as many to leave as are too many. Newcomers are heard first, unless the last of the
    /// spare places is taken.
    fn settle(&self, state: &mut State) {
        let open = self.open.load(Ordering::Acquire);
        while state.leaving < open.saturating_sub(self.bound) {
            let newcomers = open >= self.bound + SPARE && state.leaving == 0;
            if !state.tell_next(newcomers) {
                break;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(count: &AtomicUsize, bound: usize) -> bool {
    let is_within = count.fetch_add(1, Ordering::AcqRel) < bound;
    if !is_within {
        give_back(count);
    }
    is_within
}

fn give_back(count: &AtomicUsize) {
    count.fetch_sub(1, Ordering::AcqRel);
}

impl State {
    fn tell_next(&mut self, newcomers: bool) -> bool {
        let Some(Waiting { told, waker }) = self.idle.next(newcomers) else { return false };
        self.leaving += 1;
        told.store(true, Ordering::Release);
        waker.wake();
        true
    }

    fn forget(&mut self, rank: Option<Rank>, told: &AtomicBool) {
        if let Some(rank) = rank {
            self.idle.remove(rank);
        }
        if told.swap(false, Ordering::AcqRel) {
            self.leaving -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::metrics::HttpMetrics;
    use crate::metrics::Meter;

    const PATHS: ServerPaths = ServerPaths { free: &["/free"], spare: &["/spare"], alone: &[] };

    #[test]
    fn spare_requests_that_hang_take_ordinary_places_from_a_number_on_and_free_ones_always_pass() {
        let metrics = HttpMetrics::new(&Meter::new().unwrap()).unwrap();
        let places = Places::new(8, PATHS, metrics.connections);
        let (hanging, other) = (InFlight::default(), InFlight::default());
        for _ in 0..SPARE_REQUESTS {
            assert_eq!(places.begin("/spare", &hanging), Some(Taken::Spare));
        }
        for _ in 0..6 {
            assert_eq!(places.begin("/spare", &hanging), Some(Taken::Place));
        }
        assert_eq!(places.begin("/spare", &hanging), None);
        for _ in 0..2 {
            assert_eq!(places.begin("/", &other), Some(Taken::Place));
        }
        assert_eq!(places.begin("/spare", &other), None);
        assert_eq!(places.begin("/free", &hanging), Some(Taken::Nothing));
        places.end(&Taken::Place, &hanging);
        assert_eq!(places.begin("/", &other), Some(Taken::Place));
        places.end(&Taken::Spare, &hanging);
        assert_eq!(places.begin("/spare", &other), Some(Taken::Spare));
    }
}
