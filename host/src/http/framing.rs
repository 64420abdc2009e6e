//! What a request must be to mean the same to everybody on its way: one host, and a framing that
//! cannot be read in two ways. hyper has refused lengths that differ, takes equal ones for one, and
//! closes after a request with both a length and chunks (RFC 9112, section 6.3); it hands over
//! neither, so they cannot be refused here.

use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::errors::{ApiError, catalogue};

/// Refuses what RFC 9112 says must be refused, sections 3.2 and 6.1.
pub(super) fn check(version: Version, headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = |why: &str| Err(ApiError::with_message(catalogue::MALFORMED_REQUEST, why));
    match values(headers, &HOST) {
        // HTTP/1.0 did not have it yet.
        (None, _) if version < Version::HTTP_11 => {}
        (None, _) => return refused("the header Host is missing"),
        (_, Some(_)) => return refused("the header Host is given more than once"),
        (Some(host), None) if !is_host(host) => return refused("the header Host is not a host"),
        (Some(_), None) => {}
    }
    match values(headers, &TRANSFER_ENCODING) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => refused("Transfer-Encoding must be chunked, and nothing else"),
    }
}

/// The first value of a header, and the second.
fn values<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> (Option<&'a HeaderValue>, Option<&'a HeaderValue>) {
    let mut values = headers.get_all(name).iter();
    (values.next(), values.next())
}

/// An empty one stands for a target without an authority. A comma joins two.
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let is_one = !bytes.iter().any(|byte| matches!(byte, b'@' | b','));
    bytes.is_empty() || (is_one && Authority::try_from(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, lines: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(version, &headers).is_ok()
    }

    #[test]
    fn a_request_has_one_host_which_is_one() {
        let good =
            ["", "auth-service", "auth-service:7971", "[::1]:80", "a_b.example", "127.0.0.1"];
        for host in good {
            assert!(checked(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        for host in ["a b", "a,b", "user@a", "a/b", "http://a"] {
            assert!(!checked(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        assert!(!checked(Version::HTTP_11, &[]));
        assert!(checked(Version::HTTP_10, &[]));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!checked(version, &[("host", "a"), ("host", "a")]));
        }
    }

    #[test]
    fn a_body_comes_in_chunks_without_another_coding() {
        let with = |lines: &[_]| checked(Version::HTTP_11, &[&[("host", "a")], lines].concat());
        assert!(with(&[("transfer-encoding", "Chunked")]));
        for coding in ["gzip, chunked", "chunked, chunked", "identity", ""] {
            assert!(!with(&[("transfer-encoding", coding)]), "{coding}");
        }
        assert!(!with(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]));
    }
}
