//! What a component is known by: the SHA-256 of its bytes, in lower-case hexadecimal, as
//! `sha256sum` prints it.

use aws_lc_rs::digest;

use crate::hex;

/// The same in the log, in `/readyz`, in the cache and in `auth-host policy inspect`.
pub fn component_digest(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
