//! `PUT /v1/components/{digest}`: a component is brought.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::Request;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{
    BUSY_WITH_COMPONENTS, COMPONENT_TOO_LARGE, DIGEST_MISMATCH, MALFORMED_BODY, REFUSED,
};
use crate::administration::views::ComponentView;
use crate::errors::{ApiError, catalogue};
use crate::http::openapi::Operation;
use crate::policy::admission::MAX_COMPONENT_BYTES;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "put",
        path: "/v1/components/{digest}",
        tag: "releases",
        summary: "Bring a component of at most 32 MiB; `digest` is its SHA-256 in hexadecimal",
        answers: &[(200, "It passed its checks and is kept")],
        schema: Some("ComponentView"),
        errors: &[
            ERRORS,
            BODY_ERRORS,
            &[DIGEST_MISMATCH, COMPONENT_TOO_LARGE, REFUSED, BUSY_WITH_COMPONENTS],
        ],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::Bytes,
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(digest): Path<String>,
    request: Request<Body>,
) -> Answer<ComponentView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let size = request.body().size_hint();
    // What says itself that it is too large is not waited for.
    if size.lower() > MAX_COMPONENT_BYTES {
        return Err(COMPONENT_TOO_LARGE.into());
    }
    let most = size.upper().unwrap_or(MAX_COMPONENT_BYTES).min(MAX_COMPONENT_BYTES);
    let room = &endpoint.administration.room;
    let mut held = room.take(0)?;
    let end = Instant::now() + endpoint.upload_limit;
    let bytes =
        timeout_at(end, collect(request.into_body(), most, |size| room.more(&mut held, size)))
            .await
            .map_err(|_| ApiError::from(catalogue::REQUEST_TIMEOUT))??;
    Ok(Json(endpoint.administration.put_component(&caller, &digest, bytes).await?))
}

/// All of a body. Its frames are copied as they come: each holds the buffer that it was read into.
/// Room is made for each before it is kept.
async fn collect(
    mut body: Body,
    most: u64,
    mut make_room: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Arc<[u8]>, ApiError> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    if body.size_hint().exact().is_some() {
        // To grow would hold it up to three times. Pages that nothing was written to cost nothing.
        bytes.reserve_exact(most);
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            ApiError::with_message(MALFORMED_BODY, "the component was not received whole")
        })?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > most {
            return Err(COMPONENT_TOO_LARGE.into());
        }
        make_room(data.len())?;
        bytes.extend_from_slice(data);
    }
    Ok(bytes.into())
}
