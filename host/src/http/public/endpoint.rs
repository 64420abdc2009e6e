//! What the endpoints that decide something have in common.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderValue, Request};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::decisions::{Credentials, Decisions};
use crate::errors::catalogue::{
    BODY_TOO_LARGE, BUSY, CONFLICT, DUPLICATE_KEY, INTERNAL, MALFORMED_JSON, MALFORMED_REQUEST,
    MISSING_FIELD, NO_POLICY, OUTCOME_UNKNOWN, POLICY_FAULT, REQUEST_TIMEOUT, TIMEOUT, UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE, WRONG_TYPE,
};
use crate::errors::{ApiError, ErrorCode};
use crate::http::body::{Bodies, Object, read_object, take_text};
use crate::http::metrics::EndpointMetrics;
use crate::passwords::Password;

/// The errors that each of them may answer with.
pub(super) const ERRORS: &[ErrorCode] = &[
    MALFORMED_JSON,
    MALFORMED_REQUEST,
    MISSING_FIELD,
    WRONG_TYPE,
    DUPLICATE_KEY,
    REQUEST_TIMEOUT,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INTERNAL,
    OUTCOME_UNKNOWN,
    UNAVAILABLE,
    BUSY,
    TIMEOUT,
    POLICY_FAULT,
    NO_POLICY,
    CONFLICT,
];

/// What such an endpoint works with.
pub(super) struct Endpoint {
    pub(super) decisions: Arc<Decisions>,
    pub(super) metrics: EndpointMetrics,
    pub(super) bodies: Arc<Bodies>,
}

impl Endpoint {
    /// The body of a registration or a login, and what it counts for while it is there.
    pub(super) async fn credentials(
        &self,
        request: Request<Body>,
    ) -> Result<(Credentials, Option<OwnedSemaphorePermit>), ApiError> {
        let Object { mut members, room } = read_object(request, &self.bodies).await?;
        let email = take_text(&mut members, "email")?;
        let password = zeroize::Zeroizing::new(take_text(&mut members, "password")?);
        Ok((Credentials { email, password: Password::new(&password), members }, room))
    }

    /// Counts an answer, and gives it its form.
    pub(super) fn respond(&self, answer: Result<impl Serialize, ApiError>) -> Response {
        let mut response = match answer {
            Ok(answer) => {
                self.metrics.success.inc();
                Json(answer).into_response()
            }
            Err(error) => {
                self.metrics.failed.with_label_values(&[error.code.as_str()]).inc();
                error.into_response()
            }
        };
        // RFC 6749, section 5.1: no cache on the way keeps a token.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
