//! The memory of all recordings that are being written: a bound of the process, beside the bound of
//! each. What waits for its shadow is bounded where it waits.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes are written down at once.
const MOST_TOGETHER: usize = 8 << 20;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// What one recording has of it.
pub(super) struct Room {
    all: &'static AtomicUsize,
    bytes: usize,
    most: usize,
}

impl Room {
    /// None yet, of so many bytes at most.
    pub(super) const fn of_at_most(most: usize) -> Self {
        Self { all: &TAKEN, bytes: 0, most }
    }

    /// Takes more, if there is room.
    pub(super) fn take(&mut self, more: usize) -> bool {
        if self.bytes.saturating_add(more) > self.most {
            return false;
        }
        let add = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= MOST_TOGETHER);
        let has_room = self.all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok();
        self.bytes += if has_room { more } else { 0 };
        has_room
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not the one that recordings of other tests need.
    static ALL: AtomicUsize = AtomicUsize::new(0);

    fn room(most: usize) -> Room {
        Room { all: &ALL, ..Room::of_at_most(most) }
    }

    #[test]
    fn one_has_its_bound_all_together_have_one_and_what_is_dropped_is_free_again() {
        let mut one = room(100);
        assert!(one.take(60) && !one.take(41) && one.take(40));
        assert_eq!(one.bytes(), 100);
        let mut many = Vec::new();
        let full = (0..=MOST_TOGETHER >> 20).any(|_| {
            let mut next = room(MOST_TOGETHER);
            let has_room = next.take(1 << 20);
            many.push(next);
            !has_room
        });
        assert!(full, "there is no bound");
        drop(many);
        assert!(one.bytes() == 100 && room(1 << 20).take(1 << 20));
    }
}
