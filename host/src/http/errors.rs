//! The form of errors: the body needs the request's id, so it is written last.

use axum::Json;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::errors::{ApiError, ErrorBody, catalogue};

/// Writes the body of an error.
pub(super) fn with_body(response: Response, id: &str) -> Response {
    let error = match response.extensions().get::<ApiError>() {
        Some(error) => error.clone(),
        // The router answers a wrong method by itself.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::from(catalogue::METHOD_NOT_ALLOWED)
        }
        // Swagger UI answers for a file that it does not have.
        None if response.status() == StatusCode::NOT_FOUND => ApiError::from(catalogue::NOT_FOUND),
        None => return response,
    };
    let body = ErrorBody {
        error: &error.message,
        code: &error.code,
        request_id: id,
        fields: &error.fields,
        reasons: &error.reasons,
    };
    let (mut parts, _) = response.into_parts();
    let (json, content) = Json(body).into_response().into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(
        CONTENT_TYPE,
        json.headers
            .get(CONTENT_TYPE)
            .cloned()
            .unwrap_or(HeaderValue::from_static("application/json")),
    );
    if let Some(seconds) = error.retry_after {
        parts.headers.insert(RETRY_AFTER, seconds.into());
    }
    Response::from_parts(parts, content)
}
