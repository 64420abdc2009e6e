//! What a call has used of its bounds as a whole. Every entry into the host is charged here,
//! getters included, before it does anything: one that does work, twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::exceeded::BoundExceeded;
use super::machine::Machine;
use super::memory::Memory;
use super::processor::ProcessorTime;
use crate::contract::{Limits, Slot, TrappableFailure};

/// What a call has used so far.
#[derive(Debug)]
pub struct Budget {
    /// The memory of its instance.
    pub memory: Memory,
    /// Whoever runs the call shares it.
    pub processor: Arc<ProcessorTime>,
    entries: u32,
    arrived: usize,
    host_calls: u32,
    reads: u32,
    /// Since when the call waits for the host.
    host_since: Option<Instant>,
    host_time: Duration,
}

impl Budget {
    pub(super) fn new(machine: &Arc<Machine>, slot: Slot, limits: &Limits) -> Self {
        Self {
            memory: Memory::new(Arc::clone(machine), slot, limits),
            processor: Arc::new(ProcessorTime::new(Arc::clone(machine), limits)),
            entries: 0,
            arrived: 0,
            host_calls: 0,
            reads: 0,
            host_since: None,
            host_time: Duration::ZERO,
        }
    }

    /// Charges an entry into the host, whatever it is for. The engine's call hook does it, also for
    /// entries that pass nothing.
    pub fn enter(&mut self, limits: &Limits) -> Result<(), BoundExceeded> {
        self.entries += 1;
        if self.entries > limits.entries {
            return Err(BoundExceeded::Entries { most: limits.entries });
        }
        self.run_on(limits)
    }

    /// Fails once the processor time of the call is used up.
    pub fn run_on(&self, limits: &Limits) -> Result<(), BoundExceeded> {
        if self.processor.is_left() {
            return Ok(());
        }
        let milliseconds = limits.tick.as_millis() * u128::from(limits.ticks);
        Err(BoundExceeded::ProcessorTime { milliseconds })
    }

    /// Charges values that arrive from the policy.
    pub(super) fn take_bytes(
        &mut self,
        bytes: usize,
        limits: &Limits,
    ) -> Result<(), BoundExceeded> {
        self.arrived = self.arrived.saturating_add(bytes);
        let most = limits.arriving_bytes;
        if self.arrived > most { Err(BoundExceeded::Arriving { most }) } else { Ok(()) }
    }

    /// Whether the call waits for the host now: a time limit that ends it then is not the policy's
    /// fault.
    pub fn host_works(&self) -> bool {
        self.host_since.is_some()
    }

    /// Entries into the host so far.
    pub fn entries(&self) -> u64 {
        u64::from(self.entries)
    }

    /// How long the call has waited for the host: the database, hashes.
    pub fn host_nanoseconds(&self) -> u64 {
        let now = self.host_since.map(|since| since.elapsed()).unwrap_or_default();
        u64::try_from((self.host_time + now).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Charges a host call that does work.
    pub(crate) fn charge(&mut self, limits: &Limits) -> Result<(), TrappableFailure> {
        self.host_calls += 1;
        let most = limits.host_calls;
        if self.host_calls > limits.host_calls_ignored {
            let told = limits.host_calls_ignored - most;
            return Err(BoundExceeded::HostCalls { told }.into());
        }
        if self.host_calls > most {
            return Err(TrappableFailure::limit(format!(
                "at most {most} counted host calls in a call"
            )));
        }
        Ok(())
    }

    /// Charges a host call that asks the database.
    pub(crate) fn charge_read(&mut self, limits: &Limits) -> Result<(), TrappableFailure> {
        self.charge(limits)?;
        self.reads += 1;
        let most = limits.reads;
        if self.reads > most {
            return Err(TrappableFailure::limit(format!(
                "at most {most} reads of the database in a call"
            )));
        }
        Ok(())
    }

    /// Waits for a part of the host, and notes that it does.
    pub(crate) async fn wait_for<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.host_since = Some(Instant::now());
        let done = work.await;
        let took = self.host_since.take().map(|since| since.elapsed());
        self.host_time += took.unwrap_or_default();
        done
    }
}
