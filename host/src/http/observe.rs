//! What every request passes: an id, a span, a time limit, the metrics, and the form of errors.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::server::Peer;
use super::trace;
use crate::app::App;
use crate::capabilities;
use crate::decisions::Context;
use crate::error::{ApiError, ErrorBody};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = known(request.method());
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| template(path.as_str()));
    let traceparent = trace::continued(request.headers());
    let context = Context {
        request: capabilities::Request {
            address: client_address(&app, &request).map(|address| address.to_string()),
            user_agent: user_agent(request.headers()),
            received_at: app.services.clock.now(),
            id: id.clone(),
            traceparent: traceparent.clone(),
        },
        deadline: started + app.request_limit(),
    };
    let deadline = context.deadline;
    request.extensions_mut().insert(context);
    let span = tracing::info_span!("http", request_id = %id, trace_id = trace::id(&traceparent), method, path, slot = Empty, policy = Empty, generation = Empty);
    let mut observation = Observation {
        app: Arc::clone(&app),
        method,
        path,
        started,
        span: span.clone(),
        status: CUT_OFF,
    };
    let answer = timeout_at(deadline, next.run(request)).instrument(span).await;
    let mut response =
        with_body(answer.unwrap_or_else(|_| ApiError::timeout().into_response()), &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    observation.status = response.status();
    response
}

/// One request in the log and the metrics; also one that was cut off before its answer, when nobody
/// polls the handler any more.
struct Observation {
    app: Arc<App>,
    method: &'static str,
    path: String,
    started: Instant,
    span: tracing::Span,
    status: StatusCode,
}

/// What nginx logs for a request without an answer.
const CUT_OFF: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => StatusCode::BAD_REQUEST,
};

impl Drop for Observation {
    fn drop(&mut self) {
        let (method, path, elapsed) = (self.method, self.path.as_str(), self.started.elapsed());
        let metrics = &self.app.services.metrics;
        metrics.http_requests.with_label_values(&[method, path, self.status.as_str()]).inc();
        metrics
            .http_request_duration
            .with_label_values(&[method, path])
            .observe(elapsed.as_secs_f64());
        let (status, microseconds) =
            (self.status.as_u16(), u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        let _entered = self.span.enter();
        if status >= 500 {
            tracing::warn!(status, microseconds, "answered");
        } else if self.status == CUT_OFF {
            tracing::info!(
                status,
                microseconds,
                "cut off before its answer; what was being committed is finished"
            );
        } else if path == "/healthz" || path == "/readyz" || path.ends_with("/metrics") {
            tracing::debug!(status, microseconds, "answered");
        } else {
            tracing::info!(status, microseconds, "answered");
        }
    }
}

/// A handler's panic: the panic hook has logged it, the caller gets what it may know.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal().into_response()
}

/// Writes the body of an error, which needs the request's id.
fn with_body(response: Response, id: &str) -> Response {
    let error = match response.extensions().get::<ApiError>() {
        Some(error) => error.clone(),
        // The router answers a wrong method by itself.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::method_not_allowed()
        }
        // Swagger UI answers for a file that it does not have.
        None if response.status() == StatusCode::NOT_FOUND => ApiError::not_found(),
        None => return response,
    };
    let body = ErrorBody {
        error: &error.message,
        code: &error.code,
        request_id: id,
        fields: &error.fields,
    };
    let (mut parts, _) = response.into_parts();
    let (json, content) = Json(body).into_response().into_parts();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
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

/// The caller's id, where it is at most 128 visible ASCII characters; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let good =
        |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    given.filter(good).map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// A bounded label.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// The documentation's files are one series.
fn template(path: &str) -> String {
    if path.starts_with("/api/auth/swagger") {
        "/api/auth/swagger/{*rest}".to_owned()
    } else {
        path.to_owned()
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
}

/// The client, where a proxy that the operator trusts vouches for it: so many entries from the
/// right of `X-Forwarded-For`.
fn client_address(app: &App, request: &Request<Body>) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
    if !app.config.trusted_proxies.iter().any(|network| network.contains(&peer)) {
        return None;
    }
    // Bytes: what the client itself put in front need not be text, and must not hide what the proxy
    // added.
    let values = request.headers().get_all(&FORWARDED_FOR).iter();
    let hops: Vec<&[u8]> =
        values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    let hop = hops.len().checked_sub(app.config.trusted_proxy_hops)?;
    std::str::from_utf8(hops[hop]).ok()?.trim().parse().ok()
}
