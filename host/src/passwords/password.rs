//! A password in the two forms that hashes are made from.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A password. Wiped when dropped; it has no `Debug`.
#[derive(Clone)]
pub struct Password(Arc<Forms>);

struct Forms {
    /// Normalised (NFC).
    normal: Zeroizing<String>,
    /// As the caller gave it: the old service hashed that.
    given: Zeroizing<String>,
}

impl Password {
    /// Takes a password over.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Forms {
            normal: Zeroizing::new(text.nfc().collect()),
            given: Zeroizing::new(text.to_owned()),
        }))
    }

    /// As the caller gave it, for hashes of the old service.
    pub(super) fn given(&self) -> &[u8] {
        self.0.given.as_bytes()
    }

    /// The normalised text (NFC), for hashing and for estimates of its strength.
    pub fn expose(&self) -> &str {
        &self.0.normal
    }
}
