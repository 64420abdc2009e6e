//! The one error at the edge.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::catalogue::{ErrorCode, Retry};

/// A request that is not answered with what it asked for.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Of the answer.
    pub status: StatusCode,
    /// Stable, for machines; the reason in the metrics.
    pub code: String,
    /// For people.
    pub message: String,
    /// Members of the request that are at fault.
    pub fields: Vec<Field>,
    /// What admission found, if that is what it is about.
    pub reasons: Vec<Reason>,
    /// Seconds, for `Retry-After`.
    pub retry_after: Option<u32>,
}

/// A member of the request that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Field {
    /// Its name in the request.
    pub field: String,
    /// Stable, for machines.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A fault of a component or of its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether other settings would do.
    pub of_settings: bool,
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
    /// Members of the request that are at fault, if some are.
    #[serde(skip_serializing_if = "<[Field]>::is_empty")]
    pub fields: &'a [Field],
    /// What admission found: of the admin listener only.
    #[serde(skip_serializing_if = "<[Reason]>::is_empty")]
    #[schema(ignore)]
    pub reasons: &'a [Reason],
}

impl From<ErrorCode> for ApiError {
    fn from(error: ErrorCode) -> Self {
        let retry_after = match error.retry {
            Retry::After(wait) => Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)),
            Retry::No | Retry::LookFirst => None,
        };
        Self {
            status: StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: error.code.to_owned(),
            message: error.text.to_owned(),
            fields: Vec::new(),
            reasons: Vec::new(),
            retry_after,
        }
    }
}

impl ApiError {
    /// One of the catalogue, with a more precise sentence.
    pub fn with_message(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..code.into() }
    }

    /// A member of the request is at fault.
    pub fn of_field(code: ErrorCode, field: &str, message: &str) -> Self {
        let at_fault = Field {
            field: field.to_owned(),
            code: code.code.to_owned(),
            message: message.to_owned(),
        };
        Self { fields: vec![at_fault], ..Self::with_message(code, format!("{field}: {message}")) }
    }

    /// The same with another wait, in seconds.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
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
