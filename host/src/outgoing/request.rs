//! What is asked and what is answered. Both may hold keys, or what is personal: printed, they tell
//! sizes only.

use std::fmt;
use std::time::Duration;

/// A request as a policy writes it: nothing of it is checked yet.
#[derive(Clone, Default)]
pub struct OutgoingRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub timeout: Option<Duration>,
}

/// An answer, whole and bounded.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    pub status: u16,
    /// In the order in which they came; names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Decompressed.
    pub body: Vec<u8>,
}

impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingRequest")
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OutgoingResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_neither_tells_what_it_holds() {
        let request = OutgoingRequest {
            method: "secret".into(),
            url: "https://secret.test/secret".into(),
            headers: vec![("secret".into(), "secret".into())],
            body: b"secret".to_vec(),
            timeout: None,
        };
        let headers = vec![("secret".into(), b"secret".to_vec())];
        let response = OutgoingResponse { status: 200, headers, body: b"secret".to_vec() };
        let printed = format!("{request:?} {response:?}");
        // "secret" as a list of numbers, as bytes are printed.
        assert!(!printed.contains("secret") && !printed.contains("115, 101"), "{printed}");
        assert!(printed.contains("body_bytes: 6"), "{printed}");
    }
}
