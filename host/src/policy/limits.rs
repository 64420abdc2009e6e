//! The bounds of one call, in one place. What the WIT promises about them stands in
//! `wit/policy.wit`.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// A tick of the engine's clock; processor time is counted in it.
pub const TICK: Duration = Duration::from_millis(10);
/// So many ticks may a call be seen running in: 200 ms of processor time.
pub const MAX_TICKS: u32 = 20;
/// Linear memory of an instance, all of its memories together.
pub const MAX_MEMORY: usize = 16 << 20;
/// Elements of one table.
pub const MAX_TABLE_ELEMENTS: usize = 10_000;
/// Instances that may be alive at once, all slots together.
pub const MAX_INSTANCES: u32 = 256;
/// Bytes that one call of a host function may hand over.
pub const MAX_HOST_CALL_BYTES: usize = 1 << 20;
/// Resource handles that an instance may hold.
pub const MAX_HANDLES: usize = 256;
/// Host calls of functions that do work.
pub const MAX_HOST_CALLS: u32 = 64;
/// A policy that ignores that bound is stopped here.
pub const MAX_HOST_CALLS_IGNORED: u32 = 1024;
/// Host calls that read the database.
pub const MAX_READS: u32 = 16;
/// Buffered writes to storage.
pub const MAX_STORAGE_WRITES: usize = 16;
/// Attributes written in one call.
pub const MAX_ATTRIBUTES: usize = 16;
/// Bytes of an attribute's JSON.
pub const MAX_ATTRIBUTE_BYTES: usize = 4 * 1024;
/// Events appended in one call.
pub const MAX_EVENTS: usize = 8;
/// Bytes of an event's data.
pub const MAX_EVENT_BYTES: usize = 16 * 1024;
/// Log lines of one call.
pub const MAX_LOG_LINES: u32 = 32;
/// Sessions revoked in one call, and sessions listed.
pub const MAX_SESSIONS: u32 = 32;
/// Bytes of a storage value.
pub const MAX_STORAGE_VALUE: usize = 16 * 1024;
/// Time to live of a storage row: the default and the most.
pub const MAX_STORAGE_SECONDS: u32 = 400 * 86_400;
/// Rows that a slot may keep.
pub const MAX_STORAGE_ROWS: i64 = 1_000_000;
/// Bytes that a slot may keep.
pub const MAX_STORAGE_BYTES: i64 = 256 << 20;
/// Bytes of all claims of an acceptance.
pub const MAX_CLAIMS_BYTES: usize = 2 * 1024;

/// Which bound ended a call.
#[derive(Debug, thiserror::Error)]
pub enum BoundExceeded {
    /// Memory or tables.
    #[error(
        "the instance asked for more than {MAX_MEMORY} bytes of memory or {MAX_TABLE_ELEMENTS} elements of a table"
    )]
    Memory,
    /// Host calls, after `failure.limit` was ignored again and again.
    #[error("the call went on making host calls after it was told {} times that it had made too many", MAX_HOST_CALLS_IGNORED - MAX_HOST_CALLS)]
    HostCalls,
}

/// What an instance has taken so far.
#[derive(Debug, Default)]
pub struct Taken {
    memory: usize,
}

impl Taken {
    /// Bytes of linear memory. Memory never shrinks: at the end of a call it is the most that the
    /// call had.
    pub fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Taken {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // `StoreLimits` would bound each memory by itself; a component may have several.
        let taken = self.memory.saturating_add(desired.saturating_sub(current));
        if taken > MAX_MEMORY {
            return Err(wasmtime::Error::new(BoundExceeded::Memory));
        }
        self.memory = taken;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            Err(wasmtime::Error::new(BoundExceeded::Memory))
        } else {
            Ok(true)
        }
    }
}
