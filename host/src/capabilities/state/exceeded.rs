//! The bounds that end a call at once: those that no result of a function can express.

use crate::contract::TrappableFailure;

/// Which bound ended a call.
#[derive(Debug, thiserror::Error)]
pub enum BoundExceeded {
    /// Memory or tables, while they grew.
    #[error(
        "the instance asked for more than {memory_bytes} bytes of memory or {table_elements} \
         elements of a table"
    )]
    Memory {
        /// What all memories together may have.
        memory_bytes: usize,
        /// What one table may have.
        table_elements: usize,
    },
    /// Its own code and the host's part of it took too long.
    #[error("the call used up its {milliseconds} ms of processor time")]
    ProcessorTime {
        /// The bound of a call.
        milliseconds: u128,
    },
    /// Entries into the host, getters and growth of memory included.
    #[error("the call entered the host more than {most} times")]
    Entries {
        /// The bound of a call.
        most: u32,
    },
    /// Texts, bytes and lists that it handed over.
    #[error("the call handed over more than {most} bytes in all of its host calls together")]
    Arriving {
        /// The bound of a call.
        most: usize,
    },
    /// Host calls, after `failure.limit` was ignored again and again.
    #[error(
        "the call went on making host calls after it was told {told} times that it had made too \
         many"
    )]
    HostCalls {
        /// How often it got `failure.limit`.
        told: u32,
    },
}

impl From<BoundExceeded> for TrappableFailure {
    fn from(exceeded: BoundExceeded) -> Self {
        Self::Trap(wasmtime::Error::new(exceeded))
    }
}
