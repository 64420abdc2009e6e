//! What the process that admits a component gets: which program it is, how long it may take, and
//! how much of the machine.

use std::path::PathBuf;
use std::time::Duration;

/// How components are admitted.
#[derive(Debug, Clone)]
pub struct AdmissionSettings {
    /// This program, which is started once more for each component.
    pub program: PathBuf,
    /// From its start to its answer; it is killed then.
    pub time: Duration,
    /// Processor time of all its threads together, in seconds.
    pub processor_seconds: u64,
    /// Memory that it may write to, in MiB.
    pub memory_mib: u64,
    /// How long the files of a slot lie still before they are taken: what changes within that time
    /// belongs together. A second; only tests take less.
    pub stillness: Duration,
}

impl AdmissionSettings {
    /// The program that runs now: on Linux also if its file was replaced meanwhile.
    pub fn this_program() -> PathBuf {
        if cfg!(target_os = "linux") {
            return PathBuf::from("/proc/self/exe");
        }
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("auth-host"))
    }
}
