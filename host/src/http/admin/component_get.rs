//! `GET /v1/components/{digest}`: the bytes of a component.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::Endpoint;
use crate::administration::codes::{BUSY_WITH_COMPONENTS, DAMAGED, MALFORMED_VALUE, NO_COMPONENT};
use crate::errors::ApiError;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/components/{digest}",
        tag: "look",
        summary: "The bytes of a component",
        answers: &[(200, "The bytes, as application/wasm")],
        schema: None,
        errors: &[ERRORS, &[MALFORMED_VALUE, NO_COMPONENT, DAMAGED, BUSY_WITH_COMPONENTS]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(digest): Path<String>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    endpoint.caller(&request, OPERATION.role).await?;
    let info = endpoint.administration.component_info(&digest).await?;
    let room = endpoint.administration.room.take(u64::try_from(info.size).unwrap_or(u64::MAX))?;
    let bytes = endpoint.administration.component(&digest).await?;
    let bytes = Bytes::from_owner(Held { bytes, _room: room });
    Ok(([(CONTENT_TYPE, "application/wasm")], bytes).into_response())
}

/// They count until the client has taken them.
struct Held {
    bytes: Arc<[u8]>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
