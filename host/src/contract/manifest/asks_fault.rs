//! What can be wrong with the member `asks` of a manifest.

/// What nobody can grant. The author of the policy mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AsksFault {
    /// With those that there are.
    #[error("asks.interfaces: {0}")]
    Interface(String),
    /// An origin with its methods, and why it is none.
    #[error("asks.http: {text:?}: {reason}")]
    Origin { text: String, reason: String },
    /// What is asked of one origin stands in one place.
    #[error("asks.http: {0} is asked for twice")]
    OriginTwice(String),
    /// Each is a label value of a metric.
    #[error("asks.http: at most 16 origins")]
    OriginCount,
    /// The form of a secret's name.
    #[error("asks.secrets: {0:?} must be [a-z][a-z0-9_]{{0,31}}")]
    SecretName(String),
    /// Each is read on every replica.
    #[error("asks.secrets: at most 8 names")]
    SecretCount,
    /// No amount, or more than the host allows.
    #[error("asks.{member}: {reason}")]
    Bound {
        /// `storage`, `memory`, `time` or `host_calls`.
        member: &'static str,
        reason: String,
    },
}

impl AsksFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Interface(_) => {
                "Name interfaces of wit/policy.wit, or leave `asks.interfaces` out: then those are \
                 asked for that the component imports."
            }
            Self::Origin { .. } => {
                "Write methods and origin, as in \"GET,POST https://api.example.com\", and what is \
                 wanted beside: redirects, private."
            }
            Self::OriginTwice(_) => "Write all methods of an origin into one text.",
            Self::OriginCount => {
                "Ask fewer services, or put one in front of them that asks the others."
            }
            Self::SecretCount => "Put several values into one secret, as a JSON object.",
            Self::Bound { .. } => {
                "Write it as in \"8MiB\" or \"100ms\", no more than the host has, or leave it out: \
                 then the host's own bound holds."
            }
            Self::SecretName(_) => {
                "Choose a name of lower-case letters, digits and underscores that begins with a \
                 letter."
            }
        }
    }
}
