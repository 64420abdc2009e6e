//! What a call has used of its bounds as a whole. Every entry into the host that does work is
//! charged here, before it does any.

use super::exceeded::BoundExceeded;
use super::memory::Memory;
use crate::contract::{Limits, TrappableFailure};

/// What a call has used so far.
#[derive(Debug)]
pub struct Budget {
    /// The memory of its instance.
    pub memory: Memory,
    ticks: u32,
    host_calls: u32,
    reads: u32,
    host_works: bool,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { memory: Memory::new(limits), ticks: 0, host_calls: 0, reads: 0, host_works: false }
    }

    /// Counts a tick of the engine's clock in which the call ran; false once its processor time is
    /// used up.
    pub fn tick(&mut self, limits: &Limits) -> bool {
        self.ticks += 1;
        self.ticks <= limits.ticks
    }

    /// The ticks in which the call was seen running.
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Whether the call waits for the host now: a time limit that ends it then is not the policy's
    /// fault.
    pub fn host_works(&self) -> bool {
        self.host_works
    }

    /// Charges a host call that does work.
    pub(crate) fn charge(&mut self, limits: &Limits) -> Result<(), TrappableFailure> {
        self.host_calls += 1;
        let most = limits.host_calls;
        if self.host_calls > limits.host_calls_ignored {
            let told = limits.host_calls_ignored - most;
            return Err(TrappableFailure::Trap(wasmtime::Error::new(BoundExceeded::HostCalls {
                told,
            })));
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
        self.host_works = true;
        let done = work.await;
        self.host_works = false;
        done
    }
}
