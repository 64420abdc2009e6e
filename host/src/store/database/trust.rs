//! Signatures and grants as the rest of the host asks for them, whichever database it is.

use super::store::Store;
use crate::store::StoreError;
use crate::store::registry::{Change, RegistryError, StoredSignature};

impl Store {
    /// Keeps signatures of a component, one of each key; how many of them are new. The place is
    /// for the line of history (`signed`). Refused: `NoComponent`, `TooManySignatures`.
    pub async fn signatures_add(
        &self,
        _digest: &str,
        _place: &str,
        _signatures: &[StoredSignature],
        _change: &Change,
    ) -> Result<usize, RegistryError> {
        todo!()
    }

    /// The signatures of a component, by key.
    pub async fn signatures(&self, _digest: &str) -> Result<Vec<StoredSignature>, StoreError> {
        todo!()
    }

    /// What was granted to a place, also to one without a release; none if nobody ever has.
    pub async fn grants(&self, _place: &str) -> Result<Option<Vec<String>>, StoreError> {
        todo!()
    }

    /// Grants this to a place if what was granted is still as expected, with a line of history
    /// (`granted`). Refused: `ChangedMeanwhile` else.
    pub async fn grants_set(
        &self,
        _place: &str,
        _expected: Option<&[String]>,
        _grants: &[String],
        _change: &Change,
    ) -> Result<(), RegistryError> {
        todo!()
    }
}
