//! What all calls share of the machine: the ticks of the engine's clock, and the memory for
//! instances, which is a budget of the process.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::IntGauge;
use tokio::time::Instant;

use crate::contract::{Limits, Slot};

/// Memory is charged in pages of WebAssembly.
const PAGE: usize = 64 << 10;

/// What all calls share of the machine.
#[derive(Debug)]
pub struct Machine {
    /// Times are told from here.
    began: Instant,
    /// Ticks of the engine's clock. To read them costs nothing, unlike the time.
    ticks: AtomicU64,
    /// What instances may have together.
    pub(super) memory: MemoryBudget,
}

impl Machine {
    /// With so many bytes for all instances and for what the pool keeps between calls.
    pub fn new(memory_bytes: usize, limits: &Limits, charged: IntGauge) -> Self {
        Self {
            began: Instant::now(),
            ticks: AtomicU64::new(0),
            memory: MemoryBudget::new(memory_bytes, limits, charged),
        }
    }

    /// For so many shadows at once, which share so many bytes, with what the pool keeps for them.
    pub fn for_shadows(memory_bytes: usize, limits: &Limits, shadows: u32) -> Self {
        Self {
            began: Instant::now(),
            ticks: AtomicU64::new(0),
            memory: MemoryBudget::for_shadows(memory_bytes, limits, shadows),
        }
    }

    /// Counts a tick of the engine's clock.
    pub fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Nanoseconds since it was made.
    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// There is no room for the memory of an instance now. It is not the fault of its policy.
#[derive(Debug, thiserror::Error)]
#[error("the memory for policies is used up: {most_bytes} bytes for all calls together")]
pub struct NoRoom {
    /// The budget of the process.
    pub most_bytes: usize,
}

/// Memory of all instances together. What does not fit is refused at once. Refreshes have a part
/// of it that no other slot can take.
#[derive(Debug)]
pub struct MemoryBudget {
    bytes: usize,
    pages: u64,
    /// Without what is kept for refreshes.
    pages_of_others: u64,
    /// Pages in use: those of refreshes in the upper half, those of the others in the lower.
    used: AtomicU64,
    /// The metric of real calls.
    charged: Option<IntGauge>,
}

impl MemoryBudget {
    fn new(bytes: usize, limits: &Limits, charged: IntGauge) -> Self {
        // What the pool keeps between calls is charged for good; an instance, for what it has more.
        let resident = limits.resident_memory();
        let pages = bytes.saturating_sub(resident) / PAGE;
        let reserve = (pages / 8).max(limits.memory_bytes / PAGE);
        charged.set(i64::try_from(resident).unwrap_or(i64::MAX));
        Self {
            bytes,
            pages: pages as u64,
            pages_of_others: pages.saturating_sub(reserve) as u64,
            used: AtomicU64::new(0),
            charged: Some(charged),
        }
    }

    /// No slot has a reserve: shadows run one after the other.
    fn for_shadows(bytes: usize, limits: &Limits, shadows: u32) -> Self {
        let one = limits.memories as usize * limits.resident_bytes + limits.stack_bytes;
        let pages = (bytes.saturating_sub(shadows as usize * one) / PAGE) as u64;
        Self { bytes, pages, pages_of_others: pages, used: AtomicU64::new(0), charged: None }
    }

    /// Charges an instance, if there is room.
    pub(super) fn take(&self, slot: Slot, bytes: usize) -> Result<(), NoRoom> {
        let more = pages(bytes);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let (of_refreshes, of_others) = (used >> 32, used & u64::from(u32::MAX));
            let fits = of_refreshes + of_others + more <= self.pages
                && (slot == Slot::Refresh || of_others + more <= self.pages_of_others);
            fits.then_some(used + shifted(slot, more))
        });
        if taken.is_err() {
            return Err(NoRoom { most_bytes: self.bytes });
        }
        if let Some(charged) = &self.charged {
            charged.add(gauged(more));
        }
        Ok(())
    }

    /// Gives back what was charged, at the end of an instance.
    pub(super) fn give_back(&self, slot: Slot, bytes: usize) {
        let fewer = pages(bytes);
        self.used.fetch_sub(shifted(slot, fewer), Ordering::Relaxed);
        if let Some(charged) = &self.charged {
            charged.sub(gauged(fewer));
        }
    }
}

fn pages(bytes: usize) -> u64 {
    bytes.div_ceil(PAGE) as u64
}

fn shifted(slot: Slot, pages: u64) -> u64 {
    if slot == Slot::Refresh { pages << 32 } else { pages }
}

fn gauged(pages: u64) -> i64 {
    i64::try_from(pages * PAGE as u64).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(bytes: usize) -> MemoryBudget {
        let gauge = IntGauge::new("charged", "charged").unwrap();
        MemoryBudget::new(bytes, &Limits::default(), gauge)
    }

    #[test]
    fn what_does_not_fit_is_refused_and_refreshes_have_a_reserve() {
        let limits = Limits::default();
        let (resident, most) = (limits.resident_memory(), limits.memory_bytes);
        let budget = budget(resident + 3 * most);
        assert!(budget.take(Slot::Login, most).is_ok());
        assert!(budget.take(Slot::Register, most).is_ok());
        assert!(budget.take(Slot::Login, 1).is_err(), "the reserve of refreshes was taken");
        assert!(budget.take(Slot::Refresh, most).is_ok());
        assert!(budget.take(Slot::Refresh, 1).is_err(), "more than there is was given");
        let charged = budget.charged.as_ref().unwrap();
        assert_eq!(charged.get(), i64::try_from(resident + 3 * most).unwrap());
        budget.give_back(Slot::Login, most);
        assert!(budget.take(Slot::Refresh, most).is_ok(), "a refresh may have what is free");
        assert!(budget.take(Slot::Login, 1).is_err());
    }

    #[test]
    fn all_of_it_comes_back() {
        let budget = budget(256 << 20);
        for slot in Slot::ALL {
            assert!(budget.take(slot, 12 << 20).is_ok());
            budget.give_back(slot, 12 << 20);
        }
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
