//! Lower-case hexadecimal, for ids and digests.

use std::fmt::Write as _;

use aws_lc_rs::digest;

/// Two characters a byte.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256, as `sha256sum` prints it: what a component and a release's settings are known by, in
/// the registry, the log, `/readyz`, the cache and the commands.
pub fn sha256(bytes: &[u8]) -> String {
    encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
