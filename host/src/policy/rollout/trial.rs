//! A trial on this replica. It never changes: another share is another trial, and what is counted
//! begins anew.

use std::sync::Arc;

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::policy::health::{GroupCounts, Subject};
use crate::policy::runtime::Generation;
use crate::store::registry::{RolloutMode, WHOLE};

/// A trial on this replica.
pub struct Trial {
    pub rollout: Uuid,
    pub turn: i64,
    pub mode: RolloutMode,
    /// In hundredths of a percent.
    pub share: u32,
    /// What is active beside it; with another release the trial is over.
    pub base: u64,
    /// The candidate; a shadow's runs on a budget of its own.
    pub generation: Arc<Generation>,
    pub active: GroupCounts,
    pub candidate: GroupCounts,
}

impl Trial {
    /// Whether the candidate decides about this person.
    pub fn takes(&self, key: &hmac::Key, subject: &Subject) -> bool {
        let identity = &self.generation.identity;
        self.mode == RolloutMode::Share
            && bucket(key, identity.slot.as_str(), identity.release, subject) < self.share
    }
}

/// Where a person stands in all shares of this release, from 0 to 9,999: the same on all replicas,
/// other for each release, and whoever is in at 5 % is in at 25 %.
pub fn bucket(key: &hmac::Key, place: &str, release: u64, subject: &Subject) -> u32 {
    let mut context = hmac::Context::with_key(key);
    context.update(place.as_bytes());
    context.update(&release.to_be_bytes());
    subject.feed(|bytes| context.update(bytes));
    let tag = context.sign();
    let number = tag.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    u32::try_from(number % u64::from(WHOLE)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn key(secret: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, secret)
    }

    fn people() -> impl Iterator<Item = Subject> {
        (0..10_000).map(|number| Subject::Email(format!("person{number}@example.com")))
    }

    /// Who is within such a share of a release.
    fn within(key: &hmac::Key, release: u64, share: u32) -> BTreeSet<usize> {
        let people = people().enumerate();
        people
            .filter(|(_, person)| bucket(key, "login", release, person) < share)
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn a_share_takes_its_part_of_ten_thousand_people_and_a_larger_one_takes_them_too() {
        let key = key(b"a secret");
        let mut before = BTreeSet::new();
        for share in [1, 100, 500, 1_000, 2_500, 5_000, 9_999, WHOLE] {
            let now = within(&key, 43, share);
            let off = i64::try_from(now.len()).unwrap() - i64::from(share);
            assert!(off.abs() <= 100, "{} of 10,000 are within {share} of 10,000", now.len());
            assert!(now.is_superset(&before), "somebody left as the share grew to {share}");
            before = now;
        }
        assert_eq!(before.len(), 10_000, "all are within the whole");
    }

    #[test]
    fn accounts_with_small_numbers_are_spread_like_addresses() {
        let key = key(b"a secret");
        let accounts = (1..=10_000).map(Subject::Account);
        let within = accounts.filter(|it| bucket(&key, "refresh", 43, it) < 1_000).count();
        assert!(within.abs_diff(1_000) <= 100, "{within} of 10,000");
    }

    #[test]
    fn replicas_with_the_same_secret_agree_and_nobody_else_can_tell() {
        let one = within(&key(b"a secret"), 43, 1_000);
        assert_eq!(one, within(&key(b"a secret"), 43, 1_000));
        // By chance a tenth of a share is in another one.
        for other in
            [within(&key(b"another secret"), 43, 1_000), within(&key(b"a secret"), 44, 1_000)]
        {
            let in_both = one.intersection(&other).count();
            assert!((50..200).contains(&in_both), "{in_both} are in both");
        }
    }

    #[test]
    fn an_address_that_reads_like_an_account_is_not_one() {
        let key = key(b"a secret");
        let hash = |subject: Subject| subject.hash(&key);
        assert_ne!(hash(Subject::Email("\0\0\0\0\0\0\0\u{1}".into())), hash(Subject::Account(1)));
    }
}
