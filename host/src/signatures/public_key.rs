//! Public keys, as OpenSSH and PEM write them.

use super::fault::KeyFault;

/// A public Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From a line of OpenSSH (`ssh-ed25519 AAAA… comment`) or a PEM text (`BEGIN PUBLIC KEY`).
    pub fn read(_text: &str) -> Result<Self, KeyFault> {
        todo!()
    }

    /// As OpenSSH writes it, without a comment.
    pub fn openssh(&self) -> String {
        todo!()
    }

    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        todo!()
    }
}
