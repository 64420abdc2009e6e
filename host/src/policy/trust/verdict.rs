//! What signatures come to.

use crate::signatures::PublicKey;

/// How a key that signed stands to the trusted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It counts.
    Good,
    /// It is not among them.
    Unknown,
    /// Its time is over.
    Ended,
    /// It was withdrawn.
    Withdrawn,
    /// It is trusted for other places.
    OtherPlace,
    /// It did not make this signature.
    Wrong,
}

impl KeyState {
    /// As the admin API and the commands tell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Ended => "ended",
            Self::Withdrawn => "withdrawn",
            Self::OtherPlace => "other_place",
            Self::Wrong => "wrong",
        }
    }
}

/// A signature of a component, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    pub key: PublicKey,
    /// What the operator calls the key, if it is known.
    pub name: Option<String>,
    pub state: KeyState,
}

/// What the signatures of a component come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub signed_by: Vec<SignedBy>,
    /// So many good ones of different keys are wanted; 0: it is taken without.
    pub needed: u32,
    /// Why it is not trusted, each in a sentence with what to do; empty: it is.
    pub reasons: Vec<String>,
}

impl SignedBy {
    /// Its name, if it counts.
    pub fn counts(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.state == KeyState::Good)
    }
}

impl Trust {
    pub fn is_given(&self) -> bool {
        self.reasons.is_empty()
    }
}
