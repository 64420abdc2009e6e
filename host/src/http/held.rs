//! The bytes that are kept for slow clients, of all clients together: of large answers and, apart
//! from those, of large bodies. What is one and the same for everybody (Swagger UI, the OpenAPI
//! document) is shared and costs nothing here; what is small always passes.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::errors::{ApiError, catalogue};

/// All that may be held together.
const BUDGET: usize = 8 * 1024 * 1024;

/// What is left for large answers, or for large bodies.
#[derive(Clone)]
pub(super) struct HeldBytes(Arc<Semaphore>);

/// Bytes that count for as long as they are there.
struct Counted {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HeldBytes {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET)))
    }

    /// Room for so many bytes, as long as they are kept.
    pub(super) fn room(&self, size: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(size);
        permit.map_err(|_| ApiError::from(catalogue::BUSY))
    }

    /// The body of a large answer, if there is room for it until its client has taken it.
    pub(super) fn hold(&self, bytes: Vec<u8>) -> Result<Bytes, ApiError> {
        let permit = self.room(bytes.len())?;
        Ok(Bytes::from_owner(Counted { bytes, _permit: permit }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_answers_beyond_the_budget_are_busy_until_others_are_taken() {
        let held = HeldBytes::new();
        let half = || held.hold(vec![0; BUDGET / 2]);
        let (first, second) = (half().unwrap(), half().unwrap());
        assert_eq!(half().unwrap_err().code, catalogue::BUSY.code);
        // What a connection has still to write counts, also if the rest of the answer is gone.
        let unwritten = first.slice(1..2);
        drop(first);
        assert!(half().is_err());
        drop(unwritten);
        assert!(half().is_ok());
        drop(second);
    }
}
