//! `storage`: rows of the slot's own. Writes wait for the decision; reads in the same call see
//! them.

use super::state::{CallState, StorageGet};
use crate::contract::TrappableFailure;
use crate::contract::bindings::storage;
use crate::store::StorageWrite;

impl storage::Host for CallState {
    async fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, TrappableFailure> {
        self.take(&[&key])?;
        self.budget.charge_read(&self.limits)?;
        self.check_key(&key)?;
        if let Some(written) = self.storage.last(&key) {
            return Ok(written.value.as_ref().map(|(value, _)| value.clone()));
        }
        let slot = self.identity.slot;
        self.read(StorageGet { slot, key }).await
    }

    fn put(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&key, &value])?;
        self.budget.charge(&self.limits)?;
        let expires_at = self.expiry(ttl_seconds);
        self.buffer(StorageWrite { key, expected: None, value: Some((value, expires_at)) })
    }

    fn delete(&mut self, key: String) -> Result<(), TrappableFailure> {
        self.take(&[&key])?;
        self.budget.charge(&self.limits)?;
        self.buffer(StorageWrite { key, expected: None, value: None })
    }

    fn replace(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&key, &expected, &value])?;
        self.budget.charge(&self.limits)?;
        let expires_at = self.expiry(None);
        self.buffer(StorageWrite {
            key,
            expected: Some(expected),
            value: value.map(|value| (value, expires_at)),
        })
    }
}

impl CallState {
    fn buffer(&mut self, write: StorageWrite) -> Result<(), TrappableFailure> {
        self.check_key(&write.key)?;
        let (slot, sizes) = (self.identity.slot, &self.services.storage_sizes);
        self.storage.add(write, slot, sizes, &self.limits.storage)
    }

    fn expiry(&self, seconds: Option<u32>) -> i64 {
        let most = self.limits.storage.seconds;
        self.now + i64::from(seconds.unwrap_or(most).clamp(1, most)) * 1000
    }

    fn check_key(&self, key: &str) -> Result<(), TrappableFailure> {
        let most = self.limits.storage.key_bytes;
        if (1..=most).contains(&key.len()) && !key.contains('\0') {
            return Ok(());
        }
        Err(TrappableFailure::limit(format!("a storage key of 1 to {most} bytes, without U+0000")))
    }
}
