//! The memory for components that are being sent, checked or fetched, of all callers together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::codes;
use crate::errors::ApiError;
use crate::policy::admission::MAX_COMPONENT_BYTES;

/// Two of the largest components at once, each held twice: as it came, and on its way on.
const BUDGET: u64 = 4 * MAX_COMPONENT_BYTES;

/// What is left of it. All clones are one.
#[derive(Clone)]
pub struct ComponentRoom(Arc<Semaphore>);

impl Default for ComponentRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(usize::try_from(BUDGET).unwrap_or(usize::MAX >> 3))))
    }
}

impl ComponentRoom {
    /// Room for more of a component that is arriving: what is only announced takes none.
    pub fn more(&self, held: &mut OwnedSemaphorePermit, size: usize) -> Result<(), ApiError> {
        held.merge(self.take(u64::try_from(size).unwrap_or(u64::MAX))?);
        Ok(())
    }

    /// Room to hold a component of that size twice, for as long as this is kept.
    pub fn take(&self, size: u64) -> Result<OwnedSemaphorePermit, ApiError> {
        let bytes = u32::try_from(size.saturating_mul(2)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(bytes);
        permit.map_err(|_| codes::BUSY_WITH_COMPONENTS.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_takes_room_as_it_comes_and_leaves_all_of_it() {
        let room = ComponentRoom::default();
        let (mut one, mut two) = (room.take(0).unwrap(), room.take(0).unwrap());
        let half = usize::try_from(MAX_COMPONENT_BYTES / 2).unwrap();
        for _ in 0..2 {
            room.more(&mut one, half).unwrap();
        }
        room.more(&mut two, half).unwrap();
        let third = room.take(MAX_COMPONENT_BYTES / 2).unwrap();
        assert_eq!(room.more(&mut two, 1).unwrap_err().code, "busy");
        drop((one, third));
        room.more(&mut two, half).unwrap();
        drop(two);
        let all = [room.take(MAX_COMPONENT_BYTES), room.take(MAX_COMPONENT_BYTES)];
        assert!(all.iter().all(Result::is_ok));
    }

    #[test]
    fn a_third_of_the_largest_is_busy_until_one_of_two_is_done() {
        let room = ComponentRoom::default();
        let (one, two) = (room.take(MAX_COMPONENT_BYTES), room.take(MAX_COMPONENT_BYTES));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(room.take(1).unwrap_err().code, "busy");
        drop(one);
        assert!(room.take(MAX_COMPONENT_BYTES).is_ok());
    }
}
