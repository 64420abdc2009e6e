//! A trial on this replica. It never changes: another share is another trial, and what is counted
//! begins anew.

use std::sync::Arc;

use aws_lc_rs::hmac;
use uuid::Uuid;

use super::group::GroupCounts;
use crate::policy::health::Subject;
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
