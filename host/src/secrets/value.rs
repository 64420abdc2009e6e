//! What a secret may look like: one line of text. What is wrong is said without the value.

use zeroize::Zeroizing;

/// The most bytes of a secret.
pub(super) const MOST_BYTES: usize = 16 << 10;

/// The secret in a file: one line end after it is not part of it, nothing else is changed.
pub(super) fn of_file(bytes: &[u8]) -> Result<Zeroizing<String>, String> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").filter(|_| line.len() < bytes.len()).unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => usable(text),
        // Where it was cut off, half a character may stand.
        Err(_) if line.len() > MOST_BYTES => Err(too_long()),
        Err(_) => Err("is no text (UTF-8)".to_owned()),
    }
}

/// The secret in a variable.
pub(super) fn usable(text: &str) -> Result<Zeroizing<String>, String> {
    let wrong = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > MOST_BYTES {
        too_long()
    } else if text.contains('\0') {
        "holds the character U+0000".to_owned()
    } else if text.contains(['\n', '\r']) {
        "has a line break in it; a secret is one line (write a PEM file as Base64 of all of it)"
            .to_owned()
    } else {
        return Ok(Zeroizing::new(text.to_owned()));
    };
    Err(wrong)
}

fn too_long() -> String {
    format!("has more than {MOST_BYTES} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_no_part_of_a_secret_and_nothing_else_is_changed() {
        for (bytes, value) in [
            (&b"key"[..], "key"),
            (b"key\n", "key"),
            (b"key\r\n", "key"),
            (b" k\te y \n", " k\te y "),
            ("schl\u{fc}ssel".as_bytes(), "schl\u{fc}ssel"),
        ] {
            assert_eq!(of_file(bytes).unwrap().as_str(), value);
        }
        assert_eq!(of_file(&vec![b'k'; MOST_BYTES]).unwrap().len(), MOST_BYTES);
    }

    #[test]
    fn what_is_no_secret_is_refused_without_its_value() {
        let (long, much) = (vec![b'k'; MOST_BYTES + 1], vec![b'k'; 1 << 20]);
        for (bytes, word) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"\r\n", "empty"),
            (b"key\n\n", "line break"),
            (b"key\nkey", "line break"),
            (b"key\rkey", "line break"),
            (b"key\r", "line break"),
            (b"key\0", "U+0000"),
            (b"key\xff", "no text"),
            (&long, "16384 bytes"),
            (&much, "16384 bytes"),
        ] {
            let fault = of_file(bytes).unwrap_err();
            assert!(fault.contains(word) && !fault.contains("key"), "{fault}");
        }
    }
}
