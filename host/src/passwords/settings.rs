//! How passwords are hashed, and how many at once.

use std::time::Duration;

/// How passwords are hashed.
#[derive(Debug, Clone)]
pub struct HashSettings {
    pub threads: usize,
    /// Attempts that may wait for a thread; beyond, the answer is "busy".
    pub queue: usize,
    /// An attempt that has waited for so long could not be answered in time any more.
    pub patience: Duration,
    /// argon2id `m`, in KiB; each thread keeps that much.
    pub memory_kib: u32,
    /// argon2id `t`.
    pub iterations: u32,
}
