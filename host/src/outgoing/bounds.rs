//! How much a request and its answer may be.

use std::time::Duration;

/// Of a URL, as a text.
pub const URL_BYTES: usize = 2 * 1024;
/// Headers that a policy adds.
pub const REQUEST_HEADERS: usize = 32;
pub const HEADER_NAME_BYTES: usize = 64;
pub const HEADER_VALUE_BYTES: usize = 4 * 1024;
pub const REQUEST_BODY_BYTES: usize = 64 * 1024;
/// Headers of an answer.
pub const RESPONSE_HEADERS: usize = 64;
/// Names and values of an answer's headers together. Until an answer's head is whole, hyper keeps
/// at most 408 KiB of it.
pub const RESPONSE_HEADER_BYTES: usize = 8 * 1024;
/// Of an answer's body, decompressed.
pub const RESPONSE_BODY_BYTES: usize = 256 * 1024;
/// What a request waits if it does not say so.
pub const USUAL_TIME: Duration = Duration::from_secs(1);
pub const MOST_TIME: Duration = Duration::from_secs(3);
/// Redirects that are followed one after the other.
pub const REDIRECTS: usize = 3;
