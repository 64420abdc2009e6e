//! What can be wrong with a secret. The value is never told.

/// Why a secret cannot be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// In a sentence, with where it was looked for.
    #[error(
        "the secret {name} of {place} is not set here. Put it into the file {place}_{name} of \
         POLICY_SECRETS_DIR, or set POLICY_SECRET_{place}_{name} and restart"
    )]
    Missing { place: String, name: String },
    /// Empty, too long, no text.
    #[error("the secret {name} of {place} {what}")]
    Unusable { place: String, name: String, what: String },
}

/// Why the service cannot start with the folder of secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("POLICY_SECRETS_DIR: {0}")]
pub struct FolderFault(pub String);
