//! The memory and the tables of an instance, bounded while they grow: by the bound of a call, and
//! by the budget of the process.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::exceeded::BoundExceeded;
use super::machine::Machine;
use crate::contract::{Limits, Slot};

/// The bounds of one instance, whoever makes it: of all its memories together, and of each table.
#[derive(Debug)]
pub struct InstanceBounds {
    bytes: usize,
    most_bytes: usize,
    most_table_elements: usize,
}

impl InstanceBounds {
    /// Of an instance that has nothing yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            most_bytes: limits.memory_bytes,
            most_table_elements: limits.table_elements,
        }
    }

    /// How many bytes it would have after a memory has grown; none if that memory cannot.
    fn after(
        &self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<Option<usize>> {
        // Beyond its own maximum nothing grows, and nothing is charged.
        if maximum.is_some_and(|most| desired > most) {
            return Ok(None);
        }
        // `StoreLimits` would bound each memory by itself; a component may have several.
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.most_bytes { Err(self.exceeded()) } else { Ok(Some(bytes)) }
    }

    fn exceeded(&self) -> wasmtime::Error {
        wasmtime::Error::new(BoundExceeded::Memory {
            memory_bytes: self.most_bytes,
            table_elements: self.most_table_elements,
        })
    }
}

impl ResourceLimiter for InstanceBounds {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let Some(bytes) = self.after(current, desired, maximum)? else { return Ok(false) };
        self.bytes = bytes;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.most_table_elements { Err(self.exceeded()) } else { Ok(true) }
    }
}

/// The memory of the instance of a call.
#[derive(Debug)]
pub struct Memory {
    bounds: InstanceBounds,
    /// Bytes that the pool keeps for it in any case.
    resident: usize,
    /// Bytes of the budget of the process that it has.
    charged: usize,
    slot: Slot,
    machine: Arc<Machine>,
}

impl Memory {
    pub(super) fn new(machine: Arc<Machine>, slot: Slot, limits: &Limits) -> Self {
        Self {
            bounds: InstanceBounds::new(limits),
            resident: limits.resident_bytes,
            charged: 0,
            slot,
            machine,
        }
    }

    /// Bytes of linear memory. It never shrinks: at the end of a call this is the most that the
    /// call had.
    pub fn bytes(&self) -> usize {
        self.bounds.bytes
    }

    /// Gives back what the instance had of the budget of the process, when it is gone.
    pub fn give_back(&mut self) {
        let charged = std::mem::take(&mut self.charged);
        if charged > 0 {
            self.machine.memory.give_back(self.slot, charged);
        }
    }

    /// Charges what an instance of so many bytes has more than is kept for it.
    fn charge(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let charged = bytes.saturating_sub(self.resident);
        if charged > self.charged {
            self.machine
                .memory
                .take(self.slot, charged - self.charged)
                .map_err(wasmtime::Error::new)?;
            self.charged = charged;
        }
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let Some(bytes) = self.bounds.after(current, desired, maximum)? else { return Ok(false) };
        self.charge(bytes)?;
        self.bounds.bytes = bytes;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.bounds.table_growing(current, desired, maximum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_grow_counts_against_no_bound() {
        let mut bounds = InstanceBounds::new(&Limits::default());
        let most = Limits::default().memory_bytes;
        assert!(!bounds.memory_growing(0, most, Some(most / 2)).unwrap(), "beyond its own maximum");
        assert!(bounds.memory_growing(0, most / 2, Some(most / 2)).unwrap());
        assert!(bounds.memory_growing(0, most / 2, None).unwrap(), "a second memory");
        bounds.memory_growing(most / 2, most / 2 + 1, None).unwrap_err();
    }
}
