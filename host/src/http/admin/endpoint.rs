//! What the endpoints of the admin listener have in common: who calls, and what the body says.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::administration::codes::{MALFORMED_BODY, MALFORMED_VALUE};
use crate::administration::{Access, Administration, Caller};
use crate::decisions::Context;
use crate::errors::ApiError;
use crate::http::body::{Bodies, read_object};
use crate::http::server::{Peer, subscriber};
use crate::store::registry::Role;

/// Characters of what is wrong with a body.
const MOST_TOLD: usize = 300;

/// What every endpoint answers.
pub(super) type Answer<T> = Result<Json<T>, ApiError>;

/// What they work with.
pub(super) struct Endpoint {
    pub(super) administration: Arc<Administration>,
    pub(super) access: Access,
    pub(super) bodies: Bodies,
    /// How long the bytes of a component may take to arrive.
    pub(super) upload_limit: Duration,
}

impl Endpoint {
    /// Whoever calls, if the token is good for that role. The request is only looked at before.
    pub(super) fn caller<'a>(
        &'a self,
        request: &Request<Body>,
        needed: Role,
    ) -> impl Future<Output = Result<Caller, ApiError>> + Send + use<'a> {
        let token = bearer(request.headers()).map(|token| Zeroizing::new(token.to_owned()));
        let peer = peer(request);
        async move {
            let token = token.as_ref().map(|token| token.as_str());
            self.access.caller(token, peer, needed).await
        }
    }

    /// What the body says, which must be there.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        request: Request<Body>,
    ) -> Result<T, ApiError> {
        let object = read_object(request, &self.bodies).await?;
        serde_json::from_value(Value::Object(object.members)).map_err(|error| {
            // It repeats the value that it did not expect, however long that is.
            let error: String = error.to_string().chars().take(MOST_TOLD).collect();
            ApiError::with_message(MALFORMED_BODY, format!("the body is not valid: {error}"))
        })
    }

    /// The same of a body that may be left out.
    pub(super) async fn read_or_default<T: DeserializeOwned + Default>(
        &self,
        request: Request<Body>,
    ) -> Result<T, ApiError> {
        if request.body().is_end_stream() { Ok(T::default()) } else { self.read(request).await }
    }
}

/// RFC 6750, section 2.1.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whose attempts are counted together: the client that a trusted proxy names, or who connected.
fn peer(request: &Request<Body>) -> IpAddr {
    let client = request
        .extensions()
        .get::<Context>()
        .and_then(|context| context.request.address.as_deref()?.parse().ok());
    let connected = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    subscriber(client.or(connected).unwrap_or(IpAddr::from([0, 0, 0, 0])))
}

/// What every answer of the admin listener says: that nobody keeps it, and how to be let in.
pub(super) async fn finish(mut response: Response) -> Response {
    // What axum itself refuses of a path.
    let is_bare = response.extensions().get::<ApiError>().is_none();
    if response.status() == StatusCode::BAD_REQUEST && is_bare {
        response = ApiError::with_message(MALFORMED_VALUE, "the path is not valid").into_response();
    }
    let is_unknown = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if is_unknown {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
