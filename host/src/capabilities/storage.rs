//! `storage`: rows of the policy's own, buffered until the decision.

use std::sync::atomic::{AtomicBool, Ordering};

use super::CallState;
use super::types::Stop;
use crate::policy::Slot;
use crate::policy::bindings::storage;
use crate::policy::limits::{
    MAX_STORAGE_BYTES, MAX_STORAGE_ROWS, MAX_STORAGE_SECONDS, MAX_STORAGE_VALUE, MAX_STORAGE_WRITES,
};
use crate::store::{StorageWrite, Store, StoreError};

/// Which slots keep as much as they may; measured by the cleaner, so a slot can exceed its bound by
/// what it writes in between.
#[derive(Debug, Default)]
pub struct StorageSizes([AtomicBool; 3]);

impl StorageSizes {
    /// Measures all slots.
    pub async fn measure(&self, store: &Store) -> Result<(), StoreError> {
        for slot in Slot::ALL {
            let (rows, bytes) = store.storage_size(slot.as_str()).await?;
            self.0[slot as usize]
                .store(rows >= MAX_STORAGE_ROWS || bytes >= MAX_STORAGE_BYTES, Ordering::Relaxed);
        }
        Ok(())
    }

    fn full(&self, slot: Slot) -> bool {
        self.0[slot as usize].load(Ordering::Relaxed)
    }
}

impl CallState {
    fn buffer(&mut self, write: StorageWrite) -> Result<(), Stop> {
        check_key(&write.key)?;
        if self.writes.storage.len() >= MAX_STORAGE_WRITES {
            return Err(Stop::limit(format!(
                "at most {MAX_STORAGE_WRITES} storage writes in a call"
            )));
        }
        if let Some((value, _)) = &write.value {
            if value.len() > MAX_STORAGE_VALUE {
                return Err(Stop::limit(format!(
                    "a storage value of at most {MAX_STORAGE_VALUE} bytes"
                )));
            }
            if self.services.storage_sizes.full(self.identity.slot) {
                return Err(Stop::limit(format!(
                    "at most {MAX_STORAGE_ROWS} rows and {MAX_STORAGE_BYTES} bytes in a slot's storage"
                )));
            }
        }
        self.writes.storage.push(write);
        Ok(())
    }

    fn expiry(&self, seconds: Option<u32>) -> i64 {
        self.now
            + i64::from(seconds.unwrap_or(MAX_STORAGE_SECONDS).clamp(1, MAX_STORAGE_SECONDS)) * 1000
    }
}

fn check_key(key: &str) -> Result<(), Stop> {
    if (1..=256).contains(&key.len()) && !key.contains('\0') {
        Ok(())
    } else {
        Err(Stop::limit("a storage key of 1 to 256 bytes, without U+0000"))
    }
}

impl storage::Host for CallState {
    async fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, Stop> {
        self.counted_read()?;
        check_key(&key)?;
        if let Some(written) = self.writes.storage.iter().rev().find(|write| write.key == key) {
            return Ok(written.value.as_ref().map(|(value, _)| value.clone()));
        }
        let (store, slot) = (self.services.store.clone(), self.identity.slot);
        Ok(self.host(store.storage_get(slot.as_str(), &key)).await?)
    }

    fn put(&mut self, key: String, value: Vec<u8>, ttl_seconds: Option<u32>) -> Result<(), Stop> {
        self.counted()?;
        let expires_at = self.expiry(ttl_seconds);
        self.buffer(StorageWrite { key, expected: None, value: Some((value, expires_at)) })
    }

    fn delete(&mut self, key: String) -> Result<(), Stop> {
        self.counted()?;
        self.buffer(StorageWrite { key, expected: None, value: None })
    }

    fn replace(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<(), Stop> {
        self.counted()?;
        let expires_at = self.expiry(None);
        self.buffer(StorageWrite {
            key,
            expected: Some(expected),
            value: value.map(|value| (value, expires_at)),
        })
    }
}
