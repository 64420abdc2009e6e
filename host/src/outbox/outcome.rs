//! What became of one event at the sink, and who is to blame if it was not published. Only what
//! talks to a sink says so; what the event pays for it is decided in `ledger`.

/// What became of one event.
pub(super) enum Outcome {
    /// It is safe with the sink.
    Confirmed,
    /// It is not, as far as we know.
    Unpublished(Unpublished),
}

/// Why an event was not published.
#[derive(Clone)]
pub(super) struct Unpublished {
    pub(super) result: PublishResult,
    /// Operators see it in the log, and at the event if it is dead.
    pub(super) error: String,
    pub(super) blame: Blame,
}

impl Unpublished {
    /// The sink is to blame, or the way to it.
    pub(super) fn by_sink(result: PublishResult, error: impl Into<String>) -> Self {
        Self { result, error: error.into(), blame: Blame::Sink }
    }
}

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The broker, the network, the disk: costs the event nothing.
    Sink,
    /// The queue, which is full, missing, or cannot keep it: costs the event nothing, but it has to
    /// wait, and others do not.
    Queue,
    /// Perhaps the event: it is sent alone next time, and what fails alone while others on the same
    /// way get through was its own fault.
    Suspect,
    /// The event: it can never be sent as it is.
    Event,
}

/// How the metrics count a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublishResult {
    /// It is safe with the sink.
    Ack,
    /// The broker says that it could not take care of it, for instance because the queue is full.
    Nack,
    /// It reached no queue.
    Returned,
    /// No answer came, or its turn did not.
    Timeout,
    Error,
}

impl PublishResult {
    pub(super) const ALL: [Self; 5] =
        [Self::Ack, Self::Nack, Self::Returned, Self::Timeout, Self::Error];

    /// As the label `result` has it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Nack => "nack",
            Self::Returned => "returned",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }
}
