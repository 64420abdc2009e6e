//! What a policy wrote in one call, buffered until its decision is carried out.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::events::NewEvent;

/// What a policy wrote in one call: committed with the decision, or not at all.
#[derive(Debug, Default)]
pub struct Writes {
    /// The slot, which owns the storage.
    pub slot: &'static str,
    /// Rows of the policy's own, in the order in which they were written.
    pub storage: Vec<StorageWrite>,
    /// Attributes of the account to add or replace.
    pub attributes: Map<String, Value>,
    /// Names of attributes to remove.
    pub removed_attributes: Vec<String>,
    /// Disable the account, for this reason.
    pub disable: Option<String>,
    /// Sessions to revoke: id and reason.
    pub revocations: Vec<(String, String)>,
    /// Events to append, in this order.
    pub events: Vec<NewEvent>,
    /// Hashed throttle keys to forget.
    pub throttle_clears: Vec<Vec<u8>>,
}

/// A write to a policy's own storage.
#[derive(Debug, Clone)]
pub struct StorageWrite {
    /// Of the slot's storage.
    pub key: String,
    /// What the row must hold at the commit, if the policy asked for that; the inner none stands
    /// for "no row".
    pub expected: Option<Option<Vec<u8>>>,
    /// The value and when it expires; none deletes the row.
    pub value: Option<(Vec<u8>, Timestamp)>,
}

impl Writes {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        !self.has_more_than_events() && self.events.is_empty() && self.throttle_clears.is_empty()
    }

    /// Whether there is more to commit than events and throttle keys to forget.
    pub(super) fn has_more_than_events(&self) -> bool {
        !(self.storage.is_empty()
            && !self.change_attributes()
            && self.disable.is_none()
            && self.revocations.is_empty())
    }

    /// Whether attributes of the account are added, replaced or removed.
    pub(super) fn change_attributes(&self) -> bool {
        !(self.attributes.is_empty() && self.removed_attributes.is_empty())
    }
}
