//! The place of one connection: what the connection is at, as its stream and its service tell it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::idle::{self, Class, InFlight, Rank};
use super::places::{Places, Taken, Waiting};

/// The place of one connection.
pub(super) struct Place {
    places: Arc<Places>,
    peer: IpAddr,
    /// Requests in flight of this peer, of all its connections.
    of_peer: InFlight,
    /// Whether it came when nobody could give way to it.
    is_newcomer: bool,
    phase: AtomicU8,
    /// How many requests it has begun.
    requests: AtomicU64,
    /// Whether all it carried was one request of those that come alone.
    is_spent: AtomicBool,
    /// What its request takes.
    taken: Mutex<Taken>,
    /// Whether it was told to leave while it waited.
    told: Arc<AtomicBool>,
    /// Where it stands among those who wait.
    rank: Mutex<Option<Rank>>,
    head_began: Mutex<Option<Instant>>,
}

/// Gives the place back at the end of its connection.
pub(super) struct Seat(Arc<Place>);

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It waits for a request, or for the rest of its head.
    Resting,
    /// A request is being handled.
    Handling,
    /// Its answer is being taken from its body.
    Answering,
    /// All of the answer is with the connection, and not yet with the system.
    Flushing,
}

/// When a request has to be there as a whole.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct RequestDeadline(pub(in crate::http) Instant);

impl Seat {
    /// For a connection that was just accepted. If it is one too many, another gives way.
    pub(super) fn take(places: &Arc<Places>, address: IpAddr) -> Self {
        let peer = idle::peer(address);
        let (is_newcomer, of_peer) = places.opened(peer);
        Self(Arc::new(Place {
            is_newcomer,
            places: Arc::clone(places),
            peer,
            of_peer,
            phase: AtomicU8::new(Phase::Resting as u8),
            requests: AtomicU64::new(0),
            is_spent: AtomicBool::new(false),
            taken: Mutex::default(),
            told: Arc::default(),
            rank: Mutex::new(None),
            head_began: Mutex::new(None),
        }))
    }

    pub(super) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.0)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let place = &self.0;
        place.end_request();
        place.places.closed(place.peer, lock(&place.rank).take(), &place.told);
    }
}

/// What the stream of a connection tells and asks.
impl Place {
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Resting,
            1 => Phase::Handling,
            2 => Phase::Answering,
            _ => Phase::Flushing,
        }
    }

    /// How many requests have begun.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Whether it should leave, if it still waits.
    pub(super) fn is_told_to_leave(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// It leaves for another.
    pub(super) fn leaves(&self) {
        self.places.leaves();
    }

    /// It begins to wait for a request, or for the rest of one's head.
    pub(super) fn rest(&self, half_head: bool, waker: &Waker) {
        let class = if half_head {
            Class::HalfHead
        } else if self.is_spent.load(Ordering::Acquire) {
            Class::Spent
        } else if self.is_newcomer && self.requests() == 0 {
            Class::Newcomer
        } else {
            Class::Kept
        };
        let waiting = Waiting { told: Arc::clone(&self.told), waker: waker.clone() };
        let mut rank = lock(&self.rank);
        *rank = self.places.rest(self.peer, (class, *rank), waiting);
    }

    /// Something arrives: it does not wait any more.
    pub(super) fn stir(&self) {
        let mut rank = lock(&self.rank);
        if rank.is_some() {
            self.places.stir(rank.take(), &self.told);
        }
    }

    /// The first byte of a head has arrived.
    pub(super) fn head_begins(&self, now: Instant) {
        *lock(&self.head_began) = Some(now);
    }

    /// All that was written is with the system. Returns whether nothing more is to come.
    pub(super) fn flushed(&self) -> bool {
        match self.phase() {
            Phase::Resting | Phase::Handling => true,
            Phase::Answering => false,
            Phase::Flushing => {
                self.set(Phase::Resting);
                self.end_request();
                true
            }
        }
    }

    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    fn end_request(&self) {
        let taken = std::mem::take(&mut *lock(&self.taken));
        self.places.end(&taken, &self.of_peer);
    }
}

/// What the service of a connection tells and asks.
impl Place {
    /// A request begins. Returns whether there is a place for it.
    pub(super) fn begin(&self, path: &str) -> bool {
        self.stir();
        self.end_request();
        self.set(Phase::Handling);
        let is_first = self.requests.fetch_add(1, Ordering::AcqRel) == 0;
        self.is_spent.store(is_first && self.places.comes_alone(path), Ordering::Release);
        let taken = self.places.begin(path, &self.of_peer);
        let has_place = taken.is_some();
        *lock(&self.taken) = taken.unwrap_or_default();
        has_place
    }

    /// When the request that begins now has to be there as a whole.
    pub(super) fn deadline(&self, limit: Duration) -> RequestDeadline {
        // A head that came together with the request before it begins now.
        let began = lock(&self.head_began).take();
        RequestDeadline(began.unwrap_or_else(Instant::now) + limit)
    }

    /// Whether an answer should end its connection: many are open.
    pub(super) fn is_crowded(&self) -> bool {
        self.places.is_crowded()
    }

    /// The answer begins.
    pub(super) fn answering(&self) {
        self.set(Phase::Answering);
    }

    /// All of the answer is with the connection.
    pub(super) fn answered(&self) {
        if self.phase() == Phase::Answering {
            self.set(Phase::Flushing);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
