//! Signatures and grants as the rest of the host asks for them, whichever database it is.

use super::store::{Store, ask};
use crate::store::StoreError;
use crate::store::registry::{Change, RegistryError, StoredSignature};

impl Store {
    /// Keeps signatures of a component, one of each key: the last one counts. How many of them are
    /// new. The place is for the line of history (`signed`), which there is if any is new. Refused:
    /// `NoComponent`, `TooManySignatures`.
    pub async fn signatures_add(
        &self,
        digest: &str,
        place: &str,
        signatures: &[StoredSignature],
        change: &Change,
    ) -> Result<usize, RegistryError> {
        ask!(self.signatures_add(digest, place, signatures, change).await)
    }

    /// The signatures of a component, by key.
    pub async fn signatures(&self, digest: &str) -> Result<Vec<StoredSignature>, StoreError> {
        ask!(self.signatures(digest).await)
    }

    /// What was granted to a place, also to one without a release; none if nobody ever has.
    pub async fn grants(&self, place: &str) -> Result<Option<Vec<String>>, StoreError> {
        ask!(self.grants(place).await)
    }

    /// Grants this to a place, and nothing else any more, with a line of history (`granted`) if that
    /// changes anything. If what was granted is not as expected, in whatever order, it is refused:
    /// `GrantedMeanwhile`.
    pub async fn grants_set(
        &self,
        place: &str,
        expected: Option<&[String]>,
        grants: &[String],
        change: &Change,
    ) -> Result<(), RegistryError> {
        ask!(self.grants_set(place, expected, grants, change).await)
    }
}
