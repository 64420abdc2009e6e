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
        let mut context = hmac::Context::with_key(key);
        self.feed(|bytes| context.update(bytes));
        context.sign().as_ref().iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
    }

    /// Its text, in parts, for a keyed hash.
    pub fn feed(&self, mut take: impl FnMut(&[u8])) {
        match self {
            Self::Email(email) => {
                take(b"email ");
                take(email.as_bytes());
            }
            Self::Account(user_id) => {
                take(b"account ");
                take(&user_id.to_be_bytes());
            }
        }
    }
}
