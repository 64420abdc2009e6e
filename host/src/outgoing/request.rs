//! What is asked and what is answered.

use std::time::Duration;

/// A request as a policy writes it: nothing of it is checked yet.
#[derive(Debug, Clone, Default)]
pub struct OutgoingRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub timeout: Option<Duration>,
}

/// An answer, whole and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    pub status: u16,
    /// In the order in which they came; names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Decompressed.
    pub body: Vec<u8>,
}
