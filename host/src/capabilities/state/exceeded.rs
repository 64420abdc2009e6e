//! The bounds that end a call at once: those that no result of a function can express.

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
