//! Public keys, as OpenSSH and PEM write them.

use std::fmt;

use ssh_key::HashAlg;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::fault::KeyFault;
use super::{kinds, pem};

/// What stands before the 32 bytes of a key in PEM (RFC 8410, section 4).
const BEFORE: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Points of small order, without the bit of the sign: for such a "key" anybody can make
/// signatures.
const OF_SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// A public Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Of bytes that are known to be a key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From a line of OpenSSH (`ssh-ed25519 AAAA… comment`) or a PEM text (`BEGIN PUBLIC KEY`).
    pub fn read(text: &str) -> Result<Self, KeyFault> {
        let key = match pem::label(text) {
            Some("PUBLIC KEY") => of_pem(text)?,
            Some("RSA PUBLIC KEY") => return Err(kinds::other("RSA")),
            Some(label) if label.ends_with("PRIVATE KEY") => {
                return Err(KeyFault(
                    "it is a private key, and the public one is asked for: FILE.pub beside it, or \
                     ssh-keygen -y -f FILE"
                        .to_owned(),
                ));
            }
            Some(_) => return Err(no_key()),
            None => of_openssh(text)?,
        };
        let mut without_sign = key.0;
        without_sign[31] &= 0x7f;
        if OF_SMALL_ORDER.contains(&crate::hex::encode(&without_sign).as_str()) {
            return Err(KeyFault(
                "it is a point for which anybody can make signatures, and nobody's key".to_owned(),
            ));
        }
        Ok(key)
    }

    /// As OpenSSH writes it, without a comment.
    pub fn openssh(&self) -> String {
        line(&self.as_ssh())
    }

    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.as_ssh().fingerprint(HashAlg::Sha256).to_string()
    }

    fn as_ssh(&self) -> ssh_key::PublicKey {
        ssh_key::PublicKey::from(KeyData::Ed25519(Ed25519PublicKey(self.0)))
    }
}

/// Its fingerprint: short, and enough to tell it from all others.
impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.fingerprint())
    }
}

fn line(key: &ssh_key::PublicKey) -> String {
    key.to_openssh().expect("a key of 32 bytes has a form")
}

fn of_pem(text: &str) -> Result<PublicKey, KeyFault> {
    let der = pem::read(text)?;
    let key = der.strip_prefix(&BEFORE).and_then(|key| key.try_into().ok());
    key.map(PublicKey).ok_or_else(|| kinds::of_der(&der))
}

fn of_openssh(text: &str) -> Result<PublicKey, KeyFault> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.next().ok_or_else(no_key)?;
    if lines.next().is_some() {
        return Err(KeyFault("it has more than one line: take a file with one key".to_owned()));
    }
    let mut words = line.split_whitespace();
    let kind = words.next().unwrap_or_default();
    if kind != "ssh-ed25519" {
        return Err(kinds::of_word(kind).unwrap_or_else(no_key));
    }
    let key = words.next().ok_or_else(kinds::damaged)?;
    let key = ssh_key::PublicKey::from_openssh(&format!("{kind} {key}"));
    match key.map_err(|_| kinds::damaged())?.key_data() {
        KeyData::Ed25519(key) => Ok(PublicKey(key.0)),
        _ => Err(kinds::damaged()),
    }
}

fn no_key() -> KeyFault {
    KeyFault(
        "it is no public key: neither a line of OpenSSH (ssh-ed25519 AAAA…) nor PEM (BEGIN PUBLIC \
         KEY)"
            .to_owned(),
    )
}
