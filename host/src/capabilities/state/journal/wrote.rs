//! What a recorded call wrote.

use crate::store::Writes;

/// What a call changed, and a shadow of it cannot read as it was before.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wrote {
    /// Keys of the slot's storage.
    pub(super) storage: Vec<String>,
    pub(super) account: bool,
    pub(super) sessions: bool,
}

impl Wrote {
    pub(super) fn new(accepted: bool, writes: &Writes) -> Self {
        let disables = writes.disable.is_some();
        let attributes = !writes.attributes.is_empty() || !writes.removed_attributes.is_empty();
        Self {
            storage: writes.storage.iter().map(|write| write.key.clone()).collect(),
            account: disables || attributes,
            sessions: accepted || disables || !writes.revocations.is_empty(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.storage.iter().map(|key| key.len() + size_of::<String>()).sum()
    }
}
