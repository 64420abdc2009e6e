//! Lower-case hexadecimal, for ids and digests.

use std::fmt::Write as _;

/// Two characters a byte.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
