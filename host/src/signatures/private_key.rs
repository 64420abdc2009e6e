//! Private keys, as OpenSSH and PEM write them.

use super::fault::KeyFault;
use super::public_key::PublicKey;
use super::signature::Signature;
use super::statement::Statement;

/// A private Ed25519 key; wiped when dropped, and never printed.
pub struct PrivateKey(zeroize::Zeroizing<[u8; 32]>);

impl PrivateKey {
    /// A new one.
    pub fn generate() -> Self {
        todo!()
    }

    /// From an OpenSSH private key without a passphrase, or PKCS#8 in PEM (`BEGIN PRIVATE KEY`).
    pub fn read(_text: &str) -> Result<Self, KeyFault> {
        todo!()
    }

    /// PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn pem(&self) -> zeroize::Zeroizing<String> {
        let _ = &self.0;
        todo!()
    }

    pub fn public(&self) -> PublicKey {
        todo!()
    }

    pub fn sign(&self, _statement: &Statement) -> Signature {
        todo!()
    }
}
