//! What can be wrong with a manifest, and with settings measured by it. The text says what is
//! wrong, the remedy what the author or the operator does about it.

use super::asks_fault::AsksFault;

/// Of a longer list the rest is counted.
pub(super) const MAX_FAULTS: usize = 20;
/// Characters of a name or of a reason that a fault repeats.
const SHOWN_CHARACTERS: usize = 200;

/// As much of somebody else's text as a line of the log is worth.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

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
    /// Of the member `asks`.
    #[error(transparent)]
    Asks(#[from] AsksFault),
    /// The schema of `request` or of `settings`.
    #[error("{0}: is nested deeper than 16")]
    SchemaDepth(&'static str),
    /// One whose cost is not bounded by its size, or that could name another file.
    #[error("{member}: the keyword {keyword:?} at {member}{place} is not taken")]
    SchemaKeyword {
        /// `request` or `settings`.
        member: &'static str,
        /// The schema that it stands in, as a JSON pointer (RFC 6901).
        place: String,
        keyword: String,
    },
    /// Each may be compared with each in a settings file.
    #[error("{member}: has more than {most} values")]
    SchemaSize { member: &'static str, most: usize },
    /// Each is compiled.
    #[error("{member}: has more than {most} patterns")]
    SchemaPatterns { member: &'static str, most: usize },
    /// Long ones take long to compile.
    #[error("{member}: the pattern at {member}{place} has more than {most} characters")]
    SchemaPattern { member: &'static str, place: String, most: usize },
    /// No JSON Schema, or a pattern that is none or takes too much.
    #[error("{member}: is not valid as JSON Schema: {reason}")]
    Schema { member: &'static str, reason: String },
    /// A list of hundreds is read by nobody.
    #[error("and {0} more faults of the manifest")]
    More(usize),
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
            Self::Asks(fault) => fault.remedy(),
            Self::SchemaDepth(_) => "Describe the inner values less precisely.",
            Self::SchemaKeyword { .. } => {
                "Say it with the keywords that docs/policy-authors.md lists; what they cannot say \
                 is the policy's own to check."
            }
            Self::SchemaSize { .. } => {
                "Describe less of it in the schema; the policy can check the rest."
            }
            Self::SchemaPatterns { .. } | Self::SchemaPattern { .. } => {
                "Use fewer and shorter patterns; the policy can check the rest."
            }
            Self::Schema { .. } => {
                "Mend it at the place that is named: JSON Schema of the draft 2020-12, with \
                 patterns that look neither forward nor back."
            }
            Self::More(_) => "Mend those that are told, and look again.",
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
    /// A list of hundreds is read by nobody.
    #[error("and more faults of the settings")]
    More,
}

impl SettingsFault {
    /// What to do about it, as a sentence for the operator.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Schema(_) => {
                "Mend the schema `settings` of the manifest, and pack the policy again."
            }
            Self::Value { .. } | Self::More => {
                "Change the policy's settings file; the schema `settings` of its manifest says \
                 which names and values it takes."
            }
        }
    }
}
