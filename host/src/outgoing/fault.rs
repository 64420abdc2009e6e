//! Why a request came to no answer.

/// Why a request came to no answer. The texts are for the policy's author and hold nothing that the
/// request held but its origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingFault {
    /// The host, the port or the method is not granted.
    #[error("{0}")]
    Denied(String),
    /// Too long, too many, too large: by the policy's doing.
    #[error("{0}")]
    Limit(String),
    /// It is no request.
    #[error("{0}")]
    Malformed(String),
    /// There is no whole answer. The word is the metric's `outcome`; the seconds say when it may
    /// be worth trying again.
    #[error("{origin}: {outcome}")]
    Away { origin: String, outcome: &'static str, seconds: Option<u32> },
}
