//! Connections that wait for a request, in the order in which they give way to those who come. A
//! peer that has more than its share of all connections gives way first; the rest of the order is
//! the same for everybody.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// What a connection that waits has done so far; the first gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// It carried one request of those that come alone, and nothing else: nobody uses it again.
    Spent,
    /// It carried nothing yet, or may be used again.
    Kept,
    /// A part of a head has arrived.
    HalfHead,
    /// It came when all places were taken, and has not been heard yet.
    Newcomer,
}

/// Where a connection stands in the order: by class, then whoever has waited longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(Class, u64);

/// Those who wait, each with what it takes to tell it to leave.
pub(super) struct Idle<T> {
    /// A peer with more connections than these gives way before others.
    share: usize,
    sequence: u64,
    all: BTreeMap<Rank, (IpAddr, T)>,
    peers: HashMap<IpAddr, PeerConnections>,
    /// A peer with more than its share. There may be two for a while, by the places that are spare.
    greedy: Option<IpAddr>,
}

/// How many requests of a peer are in flight that take a place.
pub(super) type InFlight = Arc<AtomicUsize>;

#[derive(Default)]
struct PeerConnections {
    open: usize,
    waiting: BTreeSet<Rank>,
    in_flight: InFlight,
}

/// Who a peer is: its address, of IPv6 the network of a subscriber.
pub(in crate::http) fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl<T> Idle<T> {
    /// `share` is at least half of all connections that there may be.
    pub(super) fn new(share: usize) -> Self {
        Self { share, sequence: 0, all: BTreeMap::new(), peers: HashMap::new(), greedy: None }
    }

    /// A peer has one connection more. All of them share the count of its requests.
    pub(super) fn opened(&mut self, peer: IpAddr) -> InFlight {
        let connections = self.peers.entry(peer).or_default();
        connections.open += 1;
        if connections.open > self.share {
            self.greedy = Some(peer);
        }
        Arc::clone(&connections.in_flight)
    }

    /// A peer has one connection less; the connection does not wait any more.
    pub(super) fn closed(&mut self, peer: IpAddr) {
        let Some(connections) = self.peers.get_mut(&peer) else { return };
        connections.open -= 1;
        let open = connections.open;
        if open == 0 {
            self.peers.remove(&peer);
        }
        if self.greedy == Some(peer) && open <= self.share {
            // With the spare places there may be another.
            let mut peers = self.peers.iter();
            self.greedy = peers.find(|(_, other)| other.open > self.share).map(|(peer, _)| *peer);
        }
    }

    /// A connection begins to wait.
    pub(super) fn insert(&mut self, peer: IpAddr, class: Class, connection: T) -> Rank {
        self.sequence += 1;
        let rank = Rank(class, self.sequence);
        self.all.insert(rank, (peer, connection));
        self.peers.entry(peer).or_default().waiting.insert(rank);
        rank
    }

    /// A connection does not wait any more.
    pub(super) fn remove(&mut self, rank: Rank) -> Option<T> {
        let (peer, connection) = self.all.remove(&rank)?;
        if let Some(connections) = self.peers.get_mut(&peer) {
            connections.waiting.remove(&rank);
        }
        Some(connection)
    }

    /// Takes out who gives way next; newcomers only if they are to be taken, too.
    pub(super) fn next(&mut self, newcomers: bool) -> Option<T> {
        let may_go = |rank: &&Rank| newcomers || rank.0 != Class::Newcomer;
        let greedy = self.greedy.and_then(|peer| self.peers.get(&peer));
        let of_greedy = greedy.and_then(|connections| connections.waiting.first());
        let rank = of_greedy
            .filter(|rank| rank.0 != Class::Newcomer)
            .or_else(|| self.all.first_key_value().map(|(rank, _)| rank))
            .filter(may_go)
            .copied()?;
        self.remove(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const PEACEFUL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 3));

    fn waiting(connections: &[(IpAddr, Class, &'static str)], share: usize) -> Idle<&'static str> {
        let mut idle = Idle::new(share);
        for (peer, class, name) in connections {
            idle.opened(*peer);
            idle.insert(*peer, *class, *name);
        }
        idle
    }

    fn order(mut idle: Idle<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| idle.next(true)).collect()
    }

    #[test]
    fn who_carried_one_refresh_goes_first_then_who_waited_longest_then_half_a_head() {
        let idle = waiting(
            &[
                (ONE, Class::Newcomer, "newcomer"),
                (ONE, Class::HalfHead, "half a head"),
                (ONE, Class::Kept, "oldest"),
                (OTHER, Class::Kept, "younger"),
                (ONE, Class::Spent, "refresh"),
                (OTHER, Class::Spent, "younger refresh"),
            ],
            10,
        );
        let expected =
            ["refresh", "younger refresh", "oldest", "younger", "half a head", "newcomer"];
        assert_eq!(order(idle), expected);
    }

    #[test]
    fn a_peer_with_more_than_its_share_gives_way_before_others() {
        let idle = waiting(
            &[
                (OTHER, Class::Spent, "another's refresh"),
                (ONE, Class::Kept, "first"),
                (ONE, Class::HalfHead, "half"),
                (ONE, Class::Newcomer, "newcomer"),
            ],
            2,
        );
        assert_eq!(order(idle), ["first", "half", "another's refresh", "newcomer"]);
    }

    #[test]
    fn a_peer_that_is_back_within_its_share_is_as_others() {
        let mut idle = waiting(
            &[
                (OTHER, Class::Kept, "another's"),
                (ONE, Class::Kept, "first"),
                (ONE, Class::Kept, "second"),
            ],
            1,
        );
        idle.closed(ONE);
        assert_eq!(order(idle), ["another's", "first", "second"]);
    }

    #[test]
    fn of_two_peers_with_more_than_their_shares_the_other_follows() {
        let mut idle = waiting(
            &[
                (PEACEFUL, Class::Spent, "another's refresh"),
                (ONE, Class::Kept, "first"),
                (ONE, Class::Kept, "second"),
                (OTHER, Class::Kept, "third"),
                (OTHER, Class::Kept, "fourth"),
            ],
            1,
        );
        assert_eq!(idle.next(true), Some("third"));
        idle.closed(OTHER);
        assert_eq!(idle.next(true), Some("first"));
        idle.closed(ONE);
        assert_eq!(idle.next(true), Some("another's refresh"));
    }

    #[test]
    fn who_waits_no_more_is_not_asked_to_go() {
        let mut idle = waiting(&[(ONE, Class::Newcomer, "newcomer")], 1);
        let rank = idle.insert(ONE, Class::Kept, "busy now");
        assert_eq!(idle.remove(rank), Some("busy now"));
        assert_eq!(idle.next(false), None);
        assert_eq!(idle.next(true), Some("newcomer"));
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_peer() {
        let of = |text: &str| peer(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), ONE);
    }
}
