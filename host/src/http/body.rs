//! Request bodies: at most 64 KiB of JSON, one object, no key twice.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::server::RequestDeadline;
use crate::errors::{ApiError, catalogue};
use crate::strict_json::{self, Fault};

/// The most bytes of a body.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Reads the JSON object that a request carries.
pub(super) async fn read_object(
    request: Request<Body>,
    time: Duration,
) -> Result<Map<String, Value>, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::from(catalogue::UNSUPPORTED_MEDIA_TYPE));
    }
    // A body that says itself that it is too large is not waited for.
    if axum::body::HttpBody::size_hint(request.body()).lower() > MAX_BODY as u64 {
        return Err(ApiError::from(catalogue::BODY_TOO_LARGE));
    }
    // The head and the body have one deadline together.
    let mut end = Instant::now() + time;
    if let Some(RequestDeadline(whole)) = request.extensions().get() {
        end = end.min(*whole);
    }
    let bytes = timeout_at(end, Limited::new(request.into_body(), MAX_BODY).collect())
        .await
        .map_err(|_| ApiError::from(catalogue::REQUEST_TIMEOUT))?;
    let bytes = bytes.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiError::from(catalogue::BODY_TOO_LARGE)
        } else {
            ApiError::with_message(catalogue::MALFORMED_JSON, "the body was not received whole")
        }
    })?;
    parse(&zeroize::Zeroizing::new(bytes.to_bytes().to_vec()))
}

/// A member that must be there and a text.
pub(super) fn take_text(object: &mut Map<String, Value>, name: &str) -> Result<String, ApiError> {
    match object.remove(name) {
        None => Err(ApiError::of_field(catalogue::MISSING_FIELD, name, "is required")),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ApiError::of_field(catalogue::WRONG_TYPE, name, "must be a string")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match strict_json::parse(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            Err(ApiError::with_message(catalogue::MALFORMED_JSON, "the body is not a JSON object"))
        }
        Err(Fault::Duplicate(key)) => {
            Err(ApiError::of_field(catalogue::DUPLICATE_KEY, &key, "is given more than once"))
        }
        Err(fault) => Err(ApiError::with_message(
            catalogue::MALFORMED_JSON,
            format!("the body is not valid: {fault}"),
        )),
    }
}
