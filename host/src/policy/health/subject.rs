//! Whom a call is about, so far as it matters for the judgement: one person's faults are not many
//! people's.

use aws_lc_rs::hmac;

/// Whom a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The address that a registration or a login names, in its canonical form if it has one.
    Email(String),
    /// The account whose session goes on.
    Account(i64),
}

impl Subject {
    /// A name that all replicas give it, and that nobody without the key can trace back.
    pub fn hash(&self, key: &hmac::Key) -> u32 {
        let text = match self {
            Self::Email(email) => format!("email {email}"),
            Self::Account(user_id) => format!("account {user_id}"),
        };
        let tag = hmac::sign(key, text.as_bytes());
        tag.as_ref().iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
    }
}
