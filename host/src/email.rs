//! The canonical form of an e-mail address, on which uniqueness and look-up rest.

use unicode_normalization::UnicodeNormalization;

/// The most bytes that a canonical address may have (RFC 5321, section 4.5.3.1.3, less the angle
/// brackets).
pub const MAX_BYTES: usize = 254;

/// The canonical form: trimmed, NFC, lower case (NFC again), the domain in ASCII (IDNA, UTS 46), at
/// most 254 bytes.
///
/// None for what is not an address: no `@` between a local part of at most 64 bytes and a domain,
/// white space, control characters or bidirectional marks inside. Quoted local parts and address
/// literals (RFC 5321, section 4.1.3) are not accepted.
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 4 * MAX_BYTES {
        return None;
    }
    let lower = text.nfc().collect::<String>().to_lowercase().nfc().collect::<String>();
    let (local, domain) = lower.rsplit_once('@')?;
    if local.is_empty()
        || local.len() > 64
        || local.contains(['@', '"'])
        || local.chars().any(is_refused)
    {
        return None;
    }
    if local.starts_with('.')
        || local.ends_with('.')
        || local.contains("..")
        || domain.chars().any(is_refused)
    {
        return None;
    }
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    if domain.is_empty() || domain.ends_with('.') {
        return None;
    }
    let address = format!("{local}@{domain}");
    (address.len() <= MAX_BYTES).then_some(address)
}

/// White space, control characters, and the marks that reorder or hide text.
fn is_refused(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}')
        || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(character, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '\\' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn spellings_of_one_address_become_one() {
        assert_eq!(canonical("  Leo.Urin@Example.COM ").as_deref(), Some("leo.urin@example.com"));
        assert_eq!(canonical("user@BÜCHER.example").as_deref(), Some("user@xn--bcher-kva.example"));
        assert_eq!(canonical("Jose\u{301}@example.com"), canonical("josé@example.com"));
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(320));
        for wrong in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@c.d",
            "a@b c",
            "a@@b",
            "a\0@b.c",
            "a@b..c",
            "a\u{202E}@b.c",
            "\"a\"@b.c",
            ".a@b.c",
            &long,
        ] {
            assert_eq!(canonical(wrong), None, "{wrong:?} was accepted");
        }
    }
}
