//! What can be wrong with a manifest, and with settings measured by it. The text says what is
//! wrong, the remedy what the author or the operator does about it.

/// A rule that a manifest breaks. The author of the policy mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Counted in bytes, before anything of it is read.
    #[error("the manifest has {bytes} bytes; at most {most} are allowed")]
    TooLarge {
        /// What this one has.
        bytes: usize,
        /// What a manifest may have.
        most: usize,
    },
    /// With the reader's own words, which name line and column.
    #[error("the manifest cannot be read: {0}")]
    Unreadable(String),
    /// The policy's name, which its events carry.
    #[error("name {0:?}: must be [a-z][a-z0-9-]{{0,31}}")]
    Name(String),
    /// The policy's version, which is a label of a metric.
    #[error("version {0:?}: must be 1 to 32 visible characters")]
    Version(String),
    /// The served documentation shows the description on one screen.
    #[error("description: must be at most 1,024 bytes")]
    Description,
    /// Each code is a label value of a metric.
    #[error("refusals: at most 32 codes")]
    RefusalCount,
    /// The form of a code.
    #[error("refusals: code {0:?} must be [a-z][a-z0-9_]{{0,47}}")]
    RefusalCode(String),
    /// A caller could not tell who said it.
    #[error("refusals: code {0:?} is the host's own")]
    ReservedCode(String),
    /// The statuses of 5xx and of redirections are the host's.
    #[error("refusals: code {0:?}: status must be 400, 401, 403, 409, 422 or 429")]
    RefusalStatus(String),
    /// Every token carries them.
    #[error("claims: at most 16 names")]
    ClaimCount,
    /// The form of a claim's name.
    #[error("claims: {0:?} must be [a-z][a-z0-9_]{{0,31}}")]
    ClaimName(String),
    /// Those that tokens rest on.
    #[error("claims: {0:?} is set by the host only")]
    ReservedClaim(String),
    /// Each is a routing key of its own.
    #[error("events: at most 16 names")]
    EventCount,
    /// The form of an event's name.
    #[error("events: {0:?} must be [a-z][a-z0-9_]{{0,31}}")]
    EventName(String),
    /// The schema of `request` or of `settings`.
    #[error("{0}: is nested deeper than 16")]
    SchemaDepth(&'static str),
    /// A reference could name another file, or itself.
    #[error("{0}: \"$ref\" is not allowed")]
    SchemaReference(&'static str),
}

impl ManifestFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "Shorten the descriptions and the schemas of the manifest.",
            Self::Unreadable(_) => {
                "Write the manifest as one JSON object with the members that \
                 docs/policy-authors.md lists, and no others."
            }
            Self::Name(_) => {
                "Choose a name of lower-case letters, digits and hyphens that begins with a letter."
            }
            Self::Version(_) => "Give a version such as \"1.0.0\".",
            Self::Description => "Shorten the description to a sentence.",
            Self::RefusalCount => {
                "Declare fewer codes; fields of a refusal have codes of their own."
            }
            Self::RefusalCode(_) => {
                "Choose a code of lower-case letters, digits and underscores that begins with a \
                 letter."
            }
            Self::ReservedCode(_) => {
                "Choose another code; docs/policy-authors.md lists those of the host."
            }
            Self::RefusalStatus(_) => "Choose one of these statuses, or leave `status` out.",
            Self::ClaimCount => "Put several values into one claim, as a JSON object.",
            Self::ClaimName(_) | Self::EventName(_) => {
                "Choose a name of lower-case letters, digits and underscores that begins with a \
                 letter."
            }
            Self::ReservedClaim(_) => {
                "Choose another name; docs/policy-authors.md lists the claims of the host."
            }
            Self::EventCount => {
                "Put several kinds into one event, told apart by a member of its data."
            }
            Self::SchemaDepth(_) => "Describe the inner values less precisely.",
            Self::SchemaReference(_) => "Write the schema that it refers to in its place.",
        }
    }
}

/// Why settings do not fit a policy. The operator mends them, unless the schema is the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsFault {
    /// The manifest's schema of the settings is no JSON Schema.
    #[error("settings: the manifest's schema is not valid: {0}")]
    Schema(String),
    /// A member, by its JSON pointer (RFC 6901). The value is not told: it may be a secret.
    #[error("the settings{path}: {rule}")]
    Value {
        /// Empty for the object as a whole.
        path: String,
        /// The rule of the schema that it breaks.
        rule: String,
    },
}

impl SettingsFault {
    /// What to do about it, as a sentence for the operator.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Schema(_) => {
                "Mend the schema `settings` of the manifest, and pack the policy again."
            }
            Self::Value { .. } => {
                "Change the policy's settings file; the schema `settings` of its manifest says \
                 which names and values it takes."
            }
        }
    }
}
