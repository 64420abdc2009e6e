//! Private keys, as OpenSSH and PEM write them.

use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::KeypairData;
use zeroize::Zeroizing;

use super::fault::KeyFault;
use super::public_key::PublicKey;
use super::signature::Signature;
use super::statement::Statement;
use super::{kinds, pem};
use crate::keys;

/// What stands before the 32 bytes of a key in PKCS#8 (RFC 8410, section 7).
const BEFORE: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private Ed25519 key; wiped when dropped, and never printed.
pub struct PrivateKey(Zeroizing<[u8; 32]>);

impl PrivateKey {
    /// A new one.
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        keys::fill_random(&mut *seed);
        Self(seed)
    }

    /// From an OpenSSH private key without a passphrase, or PKCS#8 in PEM (`BEGIN PRIVATE KEY`).
    pub fn read(text: &str) -> Result<Self, KeyFault> {
        match pem::label(text) {
            Some("OPENSSH PRIVATE KEY") => of_openssh(text),
            Some("PRIVATE KEY") => of_pkcs8(&pem::read(text)?),
            Some("ENCRYPTED PRIVATE KEY") => {
                Err(passphrase("openssl pkey -in KEY -out ANOTHER_FILE"))
            }
            Some("RSA PRIVATE KEY") => Err(kinds::other("RSA")),
            Some("EC PRIVATE KEY") => Err(kinds::other("ECDSA")),
            Some("DSA PRIVATE KEY") => Err(kinds::other("DSA")),
            Some("PUBLIC KEY") => Err(public()),
            None if text.trim_start().starts_with("ssh-") => Err(public()),
            _ => Err(KeyFault(
                "it is no private key: neither one of OpenSSH (BEGIN OPENSSH PRIVATE KEY) nor \
                 PKCS#8 in PEM (BEGIN PRIVATE KEY)"
                    .to_owned(),
            )),
        }
    }

    /// PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn pem(&self) -> Zeroizing<String> {
        let der = Zeroizing::new([&BEFORE[..], &self.0[..]].concat());
        pem::write("PRIVATE KEY", &der)
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(whole(self.pair().public_key().as_ref()))
    }

    pub fn sign(&self, statement: &Statement) -> Signature {
        let signature = self.pair().sign(&statement.bytes());
        Signature {
            key: self.public(),
            statement: statement.clone(),
            signature: whole(signature.as_ref()),
        }
    }

    fn pair(&self) -> Ed25519KeyPair {
        // Any 32 bytes are one (RFC 8032, section 5.1.5).
        Ed25519KeyPair::from_seed_unchecked(&*self.0).expect("32 bytes are a seed")
    }
}

/// A public key has 32 bytes, a signature 64 (RFC 8032, section 5.1).
fn whole<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("keys and signatures have one length each")
}

fn of_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    let seed = || {
        let seed = Ed25519KeyPair::from_pkcs8(der).ok()?.seed().ok()?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().ok()?;
        bytes.as_ref().try_into().ok()
    };
    seed().map(Zeroizing::new).map(PrivateKey).ok_or_else(|| kinds::of_der(der))
}

fn of_openssh(text: &str) -> Result<PrivateKey, KeyFault> {
    let key = ssh_key::PrivateKey::from_openssh(text.trim()).map_err(|error| match error {
        ssh_key::Error::AlgorithmUnsupported { algorithm } => {
            kinds::of_word(algorithm.as_str()).unwrap_or_else(kinds::damaged)
        }
        // What is left out of the reader: it knows all others.
        ssh_key::Error::AlgorithmUnknown => kinds::other("ECDSA, or a rare one"),
        _ => kinds::damaged(),
    })?;
    let pair = match key.key_data() {
        KeypairData::Ed25519(pair) => pair,
        _ if key.is_encrypted() => return Err(passphrase("ssh-keygen -p -N '' -f A_COPY_OF_IT")),
        _ => return Err(kinds::of_word(key.algorithm().as_str()).unwrap_or_else(kinds::damaged)),
    };
    let private = PrivateKey(Zeroizing::new(pair.private.to_bytes()));
    // What it says of itself must be true: else it is damaged.
    if private.public().bytes() == &pair.public.0 { Ok(private) } else { Err(kinds::damaged()) }
}

fn passphrase(command: &str) -> KeyFault {
    KeyFault(format!(
        "it has a passphrase, which nobody is asked for here. Take the passphrase off a copy that \
         only you can read: {command}"
    ))
}

fn public() -> KeyFault {
    KeyFault(
        "it is a public key, and the private one is asked for: the file without .pub".to_owned(),
    )
}
