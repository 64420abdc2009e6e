//! Who waits for a hash, and in which order: round robin over addresses, within an address over
//! accounts, within an account in the order of arrival. A plain structure that waits for nothing.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::asker::Asker;

/// Those who wait. The front is the next.
pub(super) struct Lines<T> {
    addresses: VecDeque<OfAddress<T>>,
}

struct OfAddress<T> {
    /// Where addresses are not known, all are one.
    address: Option<IpAddr>,
    accounts: VecDeque<OfAccount<T>>,
    waiting: usize,
}

struct OfAccount<T> {
    account: Arc<str>,
    /// Never empty.
    waiting: VecDeque<(u64, T)>,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { addresses: VecDeque::new() }
    }
}

impl<T> Lines<T> {
    pub(super) fn len(&self) -> usize {
        self.addresses.iter().map(|of_address| of_address.waiting).sum()
    }

    /// Waits, as the last of its account.
    pub(super) fn join(&mut self, asker: &Asker, number: u64, waiter: T) {
        let known = self.addresses.iter().position(|line| line.address == asker.address);
        let index = known.unwrap_or_else(|| {
            let (address, accounts) = (asker.address, VecDeque::new());
            self.addresses.push_back(OfAddress { address, accounts, waiting: 0 });
            self.addresses.len() - 1
        });
        self.addresses[index].join(asker, (number, waiter));
    }

    /// Who comes next, among the accounts that may have one more hash. Who has had a turn goes to
    /// the end; who may not have one now keeps the place.
    pub(super) fn next(&mut self, may: impl Fn(&str) -> bool) -> Option<(Arc<str>, T)> {
        let (index, next) = (0..self.addresses.len())
            .find_map(|index| Some((index, self.addresses[index].next(&may)?)))?;
        let line = self.addresses.remove(index)?;
        if line.waiting > 0 {
            self.addresses.push_back(line);
        }
        Some(next)
    }

    /// Makes room for a newcomer: the last of whoever has most waiting gives up its place, if the
    /// newcomer has less than that even with one more. First addresses are compared, then accounts
    /// within the newcomer's own address.
    pub(super) fn give_way(&mut self, newcomer: &Asker) -> Option<T> {
        let own = self.addresses.iter().position(|line| line.address == newcomer.address);
        let waiting_of = |at: usize| self.addresses[at].waiting;
        let heaviest = (0..self.addresses.len()).max_by_key(|at| waiting_of(*at))?;
        let gone = if own.map_or(0, waiting_of) + 1 < waiting_of(heaviest) {
            self.addresses[heaviest].remove_last_of_most(0)
        } else {
            let line = &mut self.addresses[own?];
            line.remove_last_of_most(line.waiting_of(&newcomer.account) + 1)
        };
        self.addresses.retain(|line| line.waiting > 0);
        gone
    }

    /// Takes one out that does not wait any more; false if it is not there.
    pub(super) fn leave(&mut self, number: u64) -> bool {
        let left = self.addresses.iter_mut().any(|line| line.leave(number));
        self.addresses.retain(|line| line.waiting > 0);
        left
    }
}

impl<T> OfAddress<T> {
    fn join(&mut self, asker: &Asker, waiter: (u64, T)) {
        self.waiting += 1;
        match self.accounts.iter_mut().find(|line| line.account == asker.account) {
            Some(line) => line.waiting.push_back(waiter),
            None => self.accounts.push_back(OfAccount {
                account: Arc::clone(&asker.account),
                waiting: VecDeque::from([waiter]),
            }),
        }
    }

    fn next(&mut self, may: impl Fn(&str) -> bool) -> Option<(Arc<str>, T)> {
        let index = self.accounts.iter().position(|line| may(&line.account))?;
        let mut line = self.accounts.remove(index)?;
        let (_, waiter) = line.waiting.pop_front()?;
        let account = Arc::clone(&line.account);
        self.waiting -= 1;
        if !line.waiting.is_empty() {
            self.accounts.push_back(line);
        }
        Some((account, waiter))
    }

    fn waiting_of(&self, account: &str) -> usize {
        let own = self.accounts.iter().find(|line| &*line.account == account);
        own.map_or(0, |line| line.waiting.len())
    }

    /// Takes the last of the account with most waiting, if that is more than so many; of several
    /// accounts the one whose turn is farthest.
    fn remove_last_of_most(&mut self, more_than: usize) -> Option<T> {
        let most = self.accounts.iter_mut().max_by_key(|line| line.waiting.len())?;
        if most.waiting.len() <= more_than {
            return None;
        }
        let (_, waiter) = most.waiting.pop_back()?;
        self.waiting -= 1;
        self.accounts.retain(|line| !line.waiting.is_empty());
        Some(waiter)
    }

    fn leave(&mut self, number: u64) -> bool {
        let left = self.accounts.iter_mut().any(|line| {
            let before = line.waiting.len();
            line.waiting.retain(|(own, _)| *own != number);
            line.waiting.len() < before
        });
        if left {
            self.waiting -= 1;
            self.accounts.retain(|line| !line.waiting.is_empty());
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::{Asker, Lines};

    /// Who waits: each is named by its address and its account.
    fn lines(waiting: &[(&str, &str)]) -> Lines<String> {
        let mut lines = Lines::default();
        for (number, (address, account)) in (0..).zip(waiting) {
            lines.join(&asker(address, account), number, format!("{address} {account} {number}"));
        }
        lines
    }

    fn asker(address: &str, account: &str) -> Asker {
        Asker::new(Some(&format!("192.0.2.{address}")), account)
    }

    fn order(mut lines: Lines<String>) -> Vec<String> {
        let mut order = Vec::new();
        while let Some((_, waiter)) = lines.next(|_| true) {
            order.push(waiter);
        }
        assert_eq!(lines.len(), 0);
        order
    }

    #[test]
    fn addresses_take_turns_and_within_them_accounts() {
        let waiting = [("1", "a"), ("1", "a"), ("1", "a"), ("1", "b"), ("2", "c"), ("3", "d")];
        let expected = ["1 a 0", "2 c 4", "3 d 5", "1 b 3", "1 a 1", "1 a 2"];
        assert_eq!(order(lines(&waiting)), expected);
    }

    #[test]
    fn an_account_that_has_its_hashes_lets_others_go_first() {
        let mut lines = lines(&[("1", "a"), ("1", "b"), ("2", "a")]);
        let next = lines.next(|account| account != "a").unwrap();
        assert_eq!((&*next.0, &*next.1), ("b", "1 b 1"));
        assert!(lines.next(|account| account != "a").is_none());
        assert_eq!(order(lines), ["2 a 2", "1 a 0"]);
    }

    #[test]
    fn whoever_has_most_gives_way_to_a_lighter_newcomer_and_to_no_other() {
        let flood = [("1", "a"), ("1", "b"), ("1", "b"), ("1", "c"), ("2", "d")];
        let gone = |address, account| lines(&flood).give_way(&asker(address, account));
        // The last of the account with most waiting, of the address with most waiting.
        assert_eq!(gone("3", "x").as_deref(), Some("1 b 2"));
        assert_eq!(gone("2", "d").as_deref(), Some("1 b 2"));
        assert_eq!(gone("1", "x").as_deref(), Some("1 b 2"));
        assert_eq!(gone("1", "a"), None, "it would have as many as the one that gives way");
        assert_eq!(gone("1", "b"), None);
        assert_eq!(lines(&[("1", "a"), ("2", "b")]).give_way(&asker("3", "c")), None);
        assert_eq!(lines(&[]).give_way(&asker("3", "c")), None);
    }

    #[test]
    fn who_leaves_is_not_called() {
        let mut lines = lines(&[("1", "a"), ("1", "a"), ("2", "b")]);
        assert!(lines.leave(0) && lines.leave(2) && !lines.leave(2));
        assert_eq!(order(lines), ["1 a 1"]);
    }
}
