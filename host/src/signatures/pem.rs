//! PEM (RFC 7468), as far as keys need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use zeroize::Zeroizing;

use super::fault::KeyFault;

/// What the first section of a text is called: `PRIVATE KEY`.
pub(super) fn label(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
}

/// The bytes of the only section of a text.
pub(super) fn read(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
    let cut_off = || KeyFault("it is cut off or damaged: take a whole copy of the file".to_owned());
    let (_, bytes) = sections.next().ok_or_else(cut_off)?.map_err(|_| cut_off())?;
    let bytes = Zeroizing::new(bytes);
    if sections.next().is_some() {
        return Err(KeyFault("it holds more than one key: take a file with one".to_owned()));
    }
    Ok(bytes)
}

/// One section. What it holds fits one line, as that of an Ed25519 key does.
pub(super) fn write(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(STANDARD.encode(bytes));
    Zeroizing::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", *text))
}
