//! Why the process that admits a component came to no answer: it used up what it may have, or it
//! was ended. The component is refused then; what serves goes on.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

/// What became of that process.
#[derive(Debug, thiserror::Error)]
pub enum ChildFault {
    /// It was killed for it.
    #[error("admitting it took longer than {} s", .0.as_secs_f64())]
    Time(Duration),
    /// The kernel ended it.
    #[error("admitting it used more than {0} s of processor time")]
    ProcessorTime(u64),
    /// It was given no more.
    #[error("admitting it used more than {0} MiB of memory")]
    Memory(u64),
    /// With the number of the signal, and the last that it wrote.
    #[error("the process that admits it was ended by signal {signal}{said}")]
    Signal { signal: i32, said: String },
    /// It ended without an answer.
    #[error("the process that admits it ended without an answer ({status}){said}")]
    NoAnswer { status: String, said: String },
    /// It answered too much, or not in the form of an answer.
    #[error("the answer of the process that admits it cannot be read: {0}")]
    Answer(String),
    /// It could not be started, or talked with.
    #[error("the process that admits it cannot be started: {0}")]
    Start(std::io::Error),
}

impl ChildFault {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Time(_) => {
                "Make the component smaller, or its largest functions; if the machine was just \
                 busy, offer it again, or raise POLICY_ADMISSION_TIMEOUT."
            }
            Self::ProcessorTime(_) => {
                "Make the component smaller, or its largest functions, or raise \
                 POLICY_ADMISSION_PROCESSOR_SECONDS."
            }
            Self::Memory(_) => {
                "Make the component smaller, or its largest functions, or raise \
                 POLICY_ADMISSION_MEMORY_MIB, if the machine has more."
            }
            Self::Signal { .. } => {
                "Offer it again. Signal 9 comes from a person or, if memory is short, from the \
                 kernel; after others report the component to the maintainers of this host."
            }
            Self::NoAnswer { .. } | Self::Answer(_) => {
                "Offer it again; if it is refused again, report it to the maintainers of this host."
            }
            Self::Start(_) => {
                "Let the host start processes of its own program: look at its limits of processes \
                 and memory, and offer the component again."
            }
        }
    }

    /// What the end of the process says, with the last of its standard error.
    pub(super) fn of(
        status: ExitStatus,
        errors: &str,
        processor_seconds: u64,
        memory_mib: u64,
    ) -> Self {
        let said = if errors.is_empty() { String::new() } else { format!(": {errors}") };
        match status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => {
                Self::ProcessorTime(processor_seconds)
            }
            // Rust's own words before it aborts; a crash with other ones is told as it is.
            Some(signal)
                if signal == Signal::ABORT.as_raw() && errors.contains("memory allocation of") =>
            {
                Self::Memory(memory_mib)
            }
            Some(signal) => Self::Signal { signal, said },
            None => Self::NoAnswer { status: status.to_string(), said },
        }
    }
}
