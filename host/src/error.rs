//! The one error at the edge: a stable code and a sentence for the caller; causes go to the log
//! where they arise, never into an answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::capabilities::{Field, Refusal};

/// A request that is not answered with what it asked for.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// Stable, for machines; the reason in the metrics.
    pub code: String,
    /// For people.
    pub message: String,
    /// Members of the request that are at fault.
    pub fields: Vec<Field>,
    /// Seconds, for `Retry-After`.
    pub retry_after: Option<u32>,
}

/// The body of an error.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorBody<'a> {
    /// For people.
    #[schema(example = "invalid email or password")]
    pub error: &'a str,
    /// Stable, for machines.
    #[schema(example = "invalid_credentials")]
    pub code: &'a str,
    /// As in `X-Request-ID`.
    pub request_id: &'a str,
    /// Members of the request that are at fault, where some are.
    #[serde(skip_serializing_if = "<[Field]>::is_empty")]
    pub fields: &'a [Field],
}

impl ApiError {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            fields: Vec::new(),
            retry_after: None,
        }
    }

    fn later(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What a policy refused; its code is one that its manifest declares.
    pub fn refused(declared_status: u16, refusal: Refusal) -> Self {
        let status = if refusal.retry_after.is_some() {
            StatusCode::TOO_MANY_REQUESTS
        } else if refusal.fields.is_empty() {
            StatusCode::from_u16(declared_status).unwrap_or(StatusCode::BAD_REQUEST)
        } else {
            StatusCode::BAD_REQUEST
        };
        // 429 without a wait would leave the caller guessing.
        let retry_after =
            refusal.retry_after.or((status == StatusCode::TOO_MANY_REQUESTS).then_some(1));
        Self {
            status,
            code: refusal.code,
            message: refusal.message,
            fields: refusal.fields,
            retry_after,
        }
    }

    /// The request's body is not JSON of the form asked for.
    pub fn malformed_json(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", message)
    }

    /// A member of the request is at fault.
    pub fn field(code: &str, field: &str, message: &str) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, code, &format!("{field}: {message}"));
        error.fields.push(Field {
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        });
        error
    }

    /// 401 of a login: the same for an unknown address, a wrong password and a disabled account.
    pub fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", "invalid email or password")
    }

    /// 401 of a refresh.
    pub fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", "invalid or expired refresh token")
    }

    /// 409 of a registration.
    pub fn already_exists() -> Self {
        Self::new(StatusCode::CONFLICT, "already_exists", "user already registered")
    }

    /// No such route.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
    }

    /// The route has other methods.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path does not take this method",
        )
    }

    /// The body is larger than the bound.
    pub fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "the body has more than 65536 bytes",
        )
    }

    /// The body is not declared as JSON.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body must be sent with Content-Type: application/json",
        )
    }

    /// The client did not send its request in time.
    pub fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request did not arrive in time")
    }

    /// We did not answer in time.
    pub fn timeout() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the request took too long; try again",
        )
        .later(1)
    }

    /// All hash threads are busy.
    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many requests at the moment; try again",
        )
        .later(1)
    }

    /// The database or another part is away.
    pub fn unavailable(retry_after: u32) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the service is not available at the moment; try again",
        )
        .later(retry_after)
    }

    /// The policy came to no decision that can be carried out.
    pub fn policy_fault() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "policy_fault",
            "the request could not be decided; try again",
        )
        .later(1)
    }

    /// Nothing serves in the slot.
    pub fn no_policy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_policy",
            "the service is not set up for this request; try again later",
        )
        .later(5)
    }

    /// What the decision rested on has changed meanwhile.
    pub fn conflict() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "conflict",
            "another request was first; try again",
        )
        .later(0)
    }

    /// The database was lost while it committed: it may have been done, or not.
    pub fn outcome_unknown() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "outcome_unknown",
            "it is not known whether this was done; look before you repeat it",
        )
    }

    /// Something is broken.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error")
    }
}

impl IntoResponse for ApiError {
    /// The body needs the request's id: the outermost layer writes it, from the error that travels
    /// in the response's extensions.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
