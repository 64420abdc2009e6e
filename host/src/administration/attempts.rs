//! How many wrong tokens are looked up one by one: of one peer, and of all together. A token
//! cannot be guessed; what is bounded is what guessing costs the database and the log. Good ones
//! are let in all the same.
//!
//! Memory is bounded: of peers beyond the bound, all share one count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Wrong tokens of one peer at once, and how soon one more is listened to.
const OF_PEER: Allowance = Allowance { most: 10.0, every: Duration::from_secs(6) };
/// The same of all peers together.
const OF_ALL: Allowance = Allowance { most: 60.0, every: Duration::from_secs(1) };
/// Peers that are counted apart.
const PEERS: usize = 1024;
/// Peers that were let in lately: others' failures do not shut them out.
const KNOWN: usize = 256;
/// How long ago that may be.
const KNOWN_FOR: Duration = Duration::from_hours(1);

#[derive(Clone, Copy)]
struct Allowance {
    most: f64,
    every: Duration,
}

/// What is left to somebody.
#[derive(Clone, Copy)]
struct Left {
    of: Allowance,
    count: f64,
    at: Instant,
}

impl Left {
    fn new(of: Allowance, now: Instant) -> Self {
        Self { of, count: of.most, at: now }
    }

    fn refill(&mut self, now: Instant) {
        let more =
            now.saturating_duration_since(self.at).as_secs_f64() / self.of.every.as_secs_f64();
        self.count = (self.count + more).min(self.of.most);
        self.at = now;
    }

    fn is_over(&self) -> bool {
        self.count < 1.0
    }

    fn take(&mut self) {
        self.count = (self.count - 1.0).max(0.0);
    }

    fn is_whole(&self) -> bool {
        self.count >= self.of.most
    }
}

/// What was tried so far.
pub(super) struct Attempts {
    all: Left,
    /// Of peers that are not counted apart.
    others: Left,
    peers: HashMap<IpAddr, Left>,
    known: HashMap<IpAddr, Instant>,
}

impl Attempts {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            all: Left::new(OF_ALL, now),
            others: Left::new(OF_PEER, now),
            peers: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// Whether the database is asked about a token of this peer.
    pub(super) fn may_try(&mut self, peer: IpAddr, now: Instant) -> bool {
        self.all.refill(now);
        self.others.refill(now);
        let may_come = !self.all.is_over() || self.is_known(peer, now);
        let is_apart = self.peers.len() < PEERS;
        let is_left = match self.peers.get_mut(&peer) {
            Some(left) => {
                left.refill(now);
                !left.is_over()
            }
            None => is_apart || !self.others.is_over(),
        };
        may_come && is_left
    }

    /// A wrong one.
    pub(super) fn failed(&mut self, peer: IpAddr, now: Instant) {
        if !self.peers.contains_key(&peer) && self.peers.len() >= PEERS {
            self.peers.retain(|_, left| {
                left.refill(now);
                !left.is_whole()
            });
        }
        if self.peers.len() < PEERS || self.peers.contains_key(&peer) {
            self.peers.entry(peer).or_insert_with(|| Left::new(OF_PEER, now)).take();
        } else {
            self.others.take();
        }
        self.all.take();
    }

    /// A right one.
    pub(super) fn succeeded(&mut self, peer: IpAddr, now: Instant) {
        if self.known.len() >= KNOWN && !self.known.contains_key(&peer) {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer);
            oldest.and_then(|oldest| self.known.remove(&oldest));
        }
        self.known.insert(peer, now);
    }

    fn is_known(&self, peer: IpAddr, now: Instant) -> bool {
        self.known.get(&peer).is_some_and(|at| now.saturating_duration_since(*at) < KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from(number).into()
    }

    #[test]
    fn a_peer_is_heard_again_after_a_while() {
        let now = Instant::now();
        let mut attempts = Attempts::new(now);
        for _ in 0..10 {
            assert!(attempts.may_try(address(1), now));
            attempts.failed(address(1), now);
        }
        assert!(!attempts.may_try(address(1), now));
        assert!(attempts.may_try(address(2), now));
        assert!(attempts.may_try(address(1), now + OF_PEER.every));
    }

    #[test]
    fn failures_of_many_shut_out_strangers_and_not_who_was_let_in() {
        let now = Instant::now();
        let mut attempts = Attempts::new(now);
        attempts.succeeded(address(1), now);
        for peer in 100..160 {
            attempts.failed(address(peer), now);
        }
        assert!(!attempts.may_try(address(2), now));
        assert!(attempts.may_try(address(1), now));
        assert!(attempts.may_try(address(2), now + OF_ALL.every));
    }

    #[test]
    fn however_many_peers_fail_only_so_many_are_kept() {
        let now = Instant::now();
        let mut attempts = Attempts::new(now);
        for peer in 0..10_000 {
            attempts.failed(address(peer), now);
            attempts.succeeded(address(peer), now);
        }
        assert_eq!((attempts.peers.len(), attempts.known.len()), (PEERS, KNOWN));
        // Those beyond share what is left to one.
        assert!(!attempts.may_try(address(20_000), now));
        attempts.failed(address(1), now + Duration::from_hours(1));
        attempts.failed(address(20_000), now + Duration::from_hours(1));
        assert!(attempts.peers.len() < PEERS);
    }
}
