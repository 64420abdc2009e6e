//! Turns at the hash threads: bounded places, shared fairly. An attempt has at most one place, from
//! its arrival until its hash is done or its asker has gone; an account has at most two turns at
//! once, whoever asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::asker::Asker;
use super::lines::Lines;
use super::metrics::HashMetrics;
use super::outcome::HashError;
use super::settings::HashSettings;

/// Turns that an account has at once: the owner is not kept out by one slow attempt, and nobody
/// takes all threads for one account.
const OF_ACCOUNT: usize = 2;

/// Turns for each thread: while one is hashed, the next one asks its limits.
const OF_THREAD: usize = 2;

/// The turns of all hash threads; a clone is the same ones.
#[derive(Clone)]
pub(super) struct Turns(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    threads: usize,
    /// Attempts that are there at once: those on the threads and those that wait.
    places: usize,
    patience: Duration,
    metrics: HashMetrics,
}

struct State {
    lines: Lines<oneshot::Sender<Turn>>,
    /// Turns that nobody has.
    free: usize,
    /// Turns by account, of those that have one.
    held: HashMap<Arc<str>, usize>,
    next_number: u64,
}

/// The right to one hash, given back when it is dropped.
pub struct Turn {
    shared: Arc<Shared>,
    account: Arc<str>,
    /// When the attempt came.
    pub(super) since: Instant,
}

/// Waits for a turn; dropped, it gives up its place.
struct Waiting {
    shared: Arc<Shared>,
    number: u64,
    called: oneshot::Receiver<Turn>,
    since: Instant,
}

impl Turns {
    pub(super) fn new(settings: &HashSettings, metrics: HashMetrics) -> Self {
        let (threads, patience) = (settings.threads, settings.patience);
        let state = State {
            lines: Lines::default(),
            free: threads * OF_THREAD,
            held: HashMap::new(),
            next_number: 0,
        };
        let places = threads + settings.queue;
        let state = Mutex::new(state);
        Self(Arc::new(Shared { state, threads, places, patience, metrics }))
    }

    /// A turn, if one is free: then nobody waits who could have it.
    pub(super) fn at_once(&self, asker: &Asker) -> Option<Turn> {
        let mut state = self.0.lock();
        if self.0.is_full(&state) || !state.take(&asker.account) {
            return None;
        }
        drop(state);
        Some(self.0.turn(Arc::clone(&asker.account)))
    }

    /// Waits for a turn, as long as that is of use.
    pub(super) async fn next(&self, asker: &Asker) -> Result<Turn, HashError> {
        if let Some(turn) = self.at_once(asker) {
            return Ok(turn);
        }
        let mut waiting = self.wait(asker)?;
        let Ok(called) = timeout(self.0.patience, &mut waiting.called).await else {
            self.0.lock().lines.leave(waiting.number);
            self.0.metrics.refused("late");
            return Err(HashError::Busy);
        };
        // Whoever gives way is told by the end of the channel.
        let mut turn = called.map_err(|_| HashError::Busy)?;
        turn.since = waiting.since;
        Ok(turn)
    }

    /// Attempts beyond those that the threads hash now.
    pub(super) fn waiting(&self) -> usize {
        self.0.present(&self.0.lock()).saturating_sub(self.0.threads)
    }

    fn wait(&self, asker: &Asker) -> Result<Waiting, HashError> {
        let (call, called) = oneshot::channel();
        let mut state = self.0.lock();
        if self.0.is_full(&state) {
            let Some(gone) = state.lines.give_way(asker) else {
                self.0.metrics.refused("full");
                return Err(HashError::Busy);
            };
            self.0.metrics.refused("displaced");
            drop(gone);
        }
        let number = state.next_number;
        state.next_number += 1;
        state.lines.join(asker, number, call);
        drop(state);
        // A turn may have become free since it was asked for.
        self.0.call();
        Ok(Waiting { shared: Arc::clone(&self.0), number, called, since: Instant::now() })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self, state: &State) -> usize {
        state.lines.len() + self.threads * OF_THREAD - state.free
    }

    fn is_full(&self, state: &State) -> bool {
        self.present(state) >= self.places
    }

    fn turn(self: &Arc<Self>, account: Arc<str>) -> Turn {
        Turn { shared: Arc::clone(self), account, since: Instant::now() }
    }

    /// Hands free turns to those who wait.
    fn call(self: &Arc<Self>) {
        loop {
            let Some((account, call)) = self.lock().next() else { return };
            // If its asker has gone meanwhile, the turn comes back at once.
            drop(call.send(self.turn(account)));
        }
    }
}

impl State {
    /// Takes a free turn for an account.
    fn take(&mut self, account: &Arc<str>) -> bool {
        let may = self.free > 0 && may(&self.held, account);
        if may {
            self.free -= 1;
            *self.held.entry(Arc::clone(account)).or_default() += 1;
        }
        may
    }

    fn next(&mut self) -> Option<(Arc<str>, oneshot::Sender<Turn>)> {
        if self.free == 0 {
            return None;
        }
        let held = &self.held;
        let (account, call) = self.lines.next(|account| may(held, account))?;
        self.take(&account).then_some((account, call))
    }
}

fn may(held: &HashMap<Arc<str>, usize>, account: &str) -> bool {
    held.get(account).is_none_or(|turns| *turns < OF_ACCOUNT)
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.free += 1;
        if let Some(turns) = state.held.get_mut(&self.account) {
            *turns -= 1;
            if *turns == 0 {
                state.held.remove(&self.account);
            }
        }
        drop(state);
        self.shared.call();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.shared.lock().lines.leave(self.number) {
            self.shared.metrics.abandoned.inc();
        }
    }
}
