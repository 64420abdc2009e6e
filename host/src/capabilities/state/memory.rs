//! The memory and the tables of an instance, bounded while they grow.

use wasmtime::ResourceLimiter;

use super::exceeded::BoundExceeded;
use crate::contract::Limits;

/// The memory of one instance.
#[derive(Debug)]
pub struct Memory {
    bytes: usize,
    most_bytes: usize,
    most_table_elements: usize,
}

impl Memory {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            most_bytes: limits.memory_bytes,
            most_table_elements: limits.table_elements,
        }
    }

    /// Bytes of linear memory. It never shrinks: at the end of a call this is the most that the
    /// call had.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn exceeded(&self) -> wasmtime::Error {
        wasmtime::Error::new(BoundExceeded::Memory {
            memory_bytes: self.most_bytes,
            table_elements: self.most_table_elements,
        })
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // `StoreLimits` would bound each memory by itself; a component may have several.
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.most_bytes {
            return Err(self.exceeded());
        }
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
