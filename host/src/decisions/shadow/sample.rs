//! Which calls are kept to be looked up: those whose id says nothing of anybody. An id may be its
//! caller's own, and a sample is kept for a week.

/// Whether this is an id as programs make them: from 16 to 64 hexadecimal digits, letters among
/// them, and hyphens between; so a UUID, or the id of a trace. An address or a number of a phone or
/// a card is none.
pub(super) fn is_kept(request_id: &str) -> bool {
    let parts = request_id.split('-');
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = request_id.bytes().filter(|byte| *byte != b'-').count();
    parts.clone().all(is_part)
        && (16..=64).contains(&digits)
        && request_id.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_may_name_somebody_is_not_kept() {
        for good in [
            "0198c0de-7d1f-7c9a-b0fb-1234567890ab",
            "4BF92F3577B34DA6A3CE929D0E0E4736",
            "00f067aa0ba902b7",
            &"a1".repeat(32),
        ] {
            assert!(is_kept(good), "{good}");
        }
        for bad in [
            "",
            "leo@example.com",
            "leo%40example.com",
            "+49-170-1234567",
            "0049-170-12345678901",
            "4111111111111111",
            "deadbeef",
            "-00f067aa0ba902b7",
            "eyJhbGciOiJIUzI1NiJ9.e30",
            &"a1".repeat(33),
        ] {
            assert!(!is_kept(bad), "{bad}");
        }
    }
}
