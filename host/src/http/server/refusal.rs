//! What a request is answered for which there is no place.

use axum::body::Body;
use axum::http::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::errors::{ApiError, catalogue};

/// Marks a request for which there is no place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Full;

/// Answers such a request in the form of all errors: it stands inside what gives them their form.
pub(in crate::http) async fn refuse_if_full(request: Request<Body>, next: Next) -> Response {
    if request.extensions().get::<Full>().is_some() {
        return ApiError::from(catalogue::BUSY).into_response();
    }
    next.run(request).await
}
