//! Request bodies: a bounded number of bytes of JSON, one object, no key twice. What is beyond the
//! usual size has a budget of all requests together.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::held::HeldBytes;
use super::server::RequestDeadline;
use crate::errors::{ApiError, catalogue};
use crate::strict_json::{self, Fault};

/// The most bytes of a body of the public listener.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// What every body may have. All that gateways send is smaller.
const USUAL_BODY: usize = 4 * 1024;

/// How bodies are read.
pub(super) struct Bodies {
    /// How long one may take to arrive.
    pub(super) time: Duration,
    /// The most bytes of one.
    pub(super) most: usize,
    /// What all of them together may hold beyond the usual size.
    pub(super) held: HeldBytes,
}

/// The object of a body. One of more than the usual size counts for as long as this is there.
pub(super) struct Object {
    pub(super) members: Map<String, Value>,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads the JSON object that a request carries.
pub(super) async fn read_object(
    request: Request<Body>,
    bodies: &Bodies,
) -> Result<Object, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::from(catalogue::UNSUPPORTED_MEDIA_TYPE));
    }
    // A body that says itself that it is too large is not waited for.
    if axum::body::HttpBody::size_hint(request.body()).lower() > bodies.most as u64 {
        return Err(too_large(bodies.most));
    }
    // The head and the body have one deadline together.
    let mut end = Instant::now() + bodies.time;
    if let Some(RequestDeadline(whole)) = request.extensions().get() {
        end = end.min(*whole);
    }
    let (bytes, room) = timeout_at(end, collect(request.into_body(), bodies))
        .await
        .map_err(|_| ApiError::from(catalogue::REQUEST_TIMEOUT))??;
    Ok(Object { members: parse(&bytes)?, room })
}

/// All of a body. Its frames are copied as they come: each of them, of a single byte too, holds
/// all of the buffer that it was read into.
async fn collect(
    mut body: Body,
    Bodies { most, held, .. }: &Bodies,
) -> Result<(Zeroizing<Vec<u8>>, Option<OwnedSemaphorePermit>), ApiError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(USUAL_BODY));
    let mut room = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            ApiError::with_message(catalogue::MALFORMED_JSON, "the body was not received whole")
        })?;
        let Some(data) = frame.data_ref() else { continue };
        let size = bytes.len() + data.len();
        if size > *most {
            return Err(too_large(*most));
        }
        if size > bytes.capacity() {
            room = Some(held.room(most - USUAL_BODY)?);
            // Moved by hand: what grows by itself leaves its bytes behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(*most));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(data);
    }
    Ok((bytes, room))
}

fn too_large(most: usize) -> ApiError {
    let message = format!("the body has more than {most} bytes");
    ApiError::with_message(catalogue::BODY_TOO_LARGE, message)
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
