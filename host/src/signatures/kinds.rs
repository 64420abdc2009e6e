//! Keys that are none of Ed25519, and the sentence that says so.

use super::fault::KeyFault;

/// The object identifiers of other kinds of keys, as DER writes them within a key.
const IDENTIFIERS: [(&[u8], &str); 5] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01], "RSA"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "ECDSA"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x6e], "X25519"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x71], "Ed448"),
];

/// Of a word of OpenSSH: `ssh-rsa`, `ecdsa-sha2-nistp256`.
pub(super) fn of_word(word: &str) -> Option<KeyFault> {
    let kind = match word {
        _ if word.contains("-cert-") => {
            return Some(KeyFault(
                "it is a certificate of OpenSSH: give the key itself, ssh-ed25519 AAAA…".to_owned(),
            ));
        }
        "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512" => "RSA",
        "ssh-dss" => "DSA",
        _ if word.starts_with("ecdsa-") => "ECDSA",
        _ if word.starts_with("sk-") => "a hardware token's",
        _ => return None,
    };
    Some(other(kind))
}

/// Of the bytes of a key in DER.
pub(super) fn of_der(der: &[u8]) -> KeyFault {
    let holds = |wanted: &[u8]| der.windows(wanted.len()).any(|part| part == wanted);
    let found = IDENTIFIERS.iter().find(|(identifier, _)| holds(identifier));
    found.map_or_else(damaged, |(_, kind)| other(kind))
}

pub(super) fn other(kind: &str) -> KeyFault {
    KeyFault(format!(
        "it is of another kind ({kind}), and only Ed25519 is taken. Make one: auth-host policy \
         keygen FILE, or ssh-keygen -t ed25519"
    ))
}

pub(super) fn damaged() -> KeyFault {
    KeyFault("it is cut off or damaged: take a whole copy of it".to_owned())
}
