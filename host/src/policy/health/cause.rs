//! The causes of faults, as metrics, logs and the history name them.

/// What made a call the policy's fault; the label `cause` of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The policy's own code gave up: an `unreachable` instruction, as a panic in Rust.
    Panic,
    /// Its processor time or its wall-clock time was used up.
    Deadline,
    /// It asked for more memory, or a larger table, than it may have.
    Memory,
    /// It nested its calls too deep.
    StackOverflow,
    /// It went on calling the host after it was told to stop, entered it too often, or handed over
    /// too much.
    HostCalls,
    /// What the canonical ABI refuses: forged handles, too many handles, values that are too large.
    Contract,
    /// It decided something that the host does not carry out.
    Decision,
    /// It returned a failure although no capability was unavailable.
    Failure,
    /// One of the other traps of WebAssembly, such as a division by zero.
    Trap,
}

impl Cause {
    /// So that each is counted from the start on.
    pub const ALL: [Self; 9] = [
        Self::Panic,
        Self::Deadline,
        Self::Memory,
        Self::StackOverflow,
        Self::HostCalls,
        Self::Contract,
        Self::Decision,
        Self::Failure,
        Self::Trap,
    ];

    /// As the metric's label and the log say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::StackOverflow => "stack_overflow",
            Self::HostCalls => "host_calls",
            Self::Contract => "contract",
            Self::Decision => "decision",
            Self::Failure => "failed",
            Self::Trap => "trap",
        }
    }
}
