//! Detached Ed25519 signatures (RFC 8032) of components: the statement that is signed, keys as files,
//! and signatures as lines of a file. Who is trusted is somebody else's matter.

mod fault;
mod kinds;
mod pem;
mod private_key;
mod public_key;
mod signature;
mod statement;
#[cfg(test)]
mod tests;

pub use fault::{KeyFault, SignatureFault};
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use signature::{MOST_FILE_BYTES, MOST_SIGNATURES, Signature, read_lines, write_lines};
pub use statement::Statement;
