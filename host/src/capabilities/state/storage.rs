//! `storage`: the writes of a call, and how much each slot keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::contract::{PerSlot, Slot, StorageLimits, TrappableFailure};
use crate::store::{StorageWrite, Store, StoreError};

/// Writes that wait for the decision, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Buffered(pub(super) Vec<StorageWrite>);

impl Buffered {
    /// The last write to a key: what a read in the same call sees.
    pub(crate) fn last(&self, key: &str) -> Option<&StorageWrite> {
        self.0.iter().rev().find(|write| write.key == key)
    }

    /// Adds a write, if this call and the slot have room for it.
    pub(crate) fn add(
        &mut self,
        write: StorageWrite,
        slot: Slot,
        sizes: &StorageSizes,
        limits: &StorageLimits,
    ) -> Result<(), TrappableFailure> {
        if self.0.len() >= limits.writes {
            return Err(TrappableFailure::limit(format!(
                "at most {} storage writes in a call",
                limits.writes
            )));
        }
        if write.expected.iter().flatten().any(|expected| expected.len() > limits.value_bytes) {
            // No row can hold it, and it would be kept and sent to the database like a value.
            return Err(TrappableFailure::limit(format!(
                "an expected storage value of at most {} bytes",
                limits.value_bytes
            )));
        }
        if let Some((value, _)) = &write.value {
            if value.len() > limits.value_bytes {
                return Err(TrappableFailure::limit(format!(
                    "a storage value of at most {} bytes",
                    limits.value_bytes
                )));
            }
            if sizes.full(slot, limits) {
                return Err(TrappableFailure::limit(format!(
                    "at most {} rows and {} bytes in a slot's storage",
                    limits.rows, limits.bytes
                )));
            }
        }
        self.0.push(write);
        Ok(())
    }
}

/// How much each slot keeps; measured by the cleaner, so a slot can exceed its bound by what it
/// writes in between.
#[derive(Debug, Clone, Default)]
pub struct StorageSizes(Arc<PerSlot<Size>>);

#[derive(Debug, Default)]
struct Size {
    rows: AtomicI64,
    bytes: AtomicI64,
}

impl StorageSizes {
    /// Asks the database how much each slot keeps; the cleaner does so once a minute.
    pub async fn measure(&self, store: &Store) -> Result<(), StoreError> {
        for slot in Slot::ALL {
            let (rows, bytes) = store.storage_size(slot.as_str()).await?;
            self.0.get(slot).rows.store(rows, Ordering::Relaxed);
            self.0.get(slot).bytes.store(bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    fn full(&self, slot: Slot, limits: &StorageLimits) -> bool {
        let size = self.0.get(slot);
        size.rows.load(Ordering::Relaxed) >= limits.rows
            || size.bytes.load(Ordering::Relaxed) >= limits.bytes
    }
}
