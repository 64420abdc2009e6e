//! What every request passes: an id, a span, a time limit, the metrics, and the form of errors.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::caller::{REQUEST_ID, TrustedProxies, UnknownClients, request_id, user_agent};
use super::errors::with_body;
use super::metrics::HttpMetrics;
use super::unread::{self, Leftovers};
use super::{framing, trace};
use crate::clock::Clock;
use crate::contract;
use crate::decisions::Context;
use crate::errors::{ApiError, catalogue};
use crate::shutdown::StopDeadline;
use crate::telemetry::rarely;

/// What a request is observed with.
pub struct Observing {
    pub metrics: HttpMetrics,
    /// Says when a request arrived.
    pub clock: Clock,
    /// Whose word about the client is taken.
    pub proxies: TrustedProxies,
    /// Counts where that is of no use.
    pub unknown_clients: Arc<UnknownClients>,
    /// Reads what clients still send after their answers.
    pub leftovers: Leftovers,
    /// Once it has begun, connections end with the answer.
    pub stopping: StopDeadline,
    /// How long a request may take.
    pub request_limit: Duration,
    /// Routes that machines ask all the time: logged at the level debug.
    pub quiet: &'static [&'static str],
    /// Prefixes under which all routes are one series, such as the files of Swagger UI.
    pub folded: &'static [&'static str],
}

impl Observing {
    fn client(&self, request: &Request<Body>) -> Option<String> {
        let client = self.proxies.client(request, &self.unknown_clients);
        client.map(|address| address.to_string())
    }

    fn template(&self, path: &str) -> String {
        match self.folded.iter().find(|prefix| path.starts_with(**prefix)) {
            Some(prefix) => format!("{prefix}/{{*rest}}"),
            None => path.to_owned(),
        }
    }
}

pub(super) async fn observe(
    State(observing): State<Arc<Observing>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let path =
        matched.map_or_else(|| "unmatched".to_owned(), |path| observing.template(path.as_str()));
    let traceparent = trace::continued(request.headers());
    let deadline = started + observing.request_limit;
    let span = tracing::info_span!(
        "http",
        request_id = %id,
        trace_id = trace::id(&traceparent),
        method,
        path,
        slot = Empty,
        policy = Empty,
        release = Empty
    );
    let context = Context {
        request: contract::Request {
            address: span.in_scope(|| observing.client(&request)),
            user_agent: user_agent(request.headers()),
            received_at: observing.clock.now(),
            id: id.clone(),
            traceparent,
        },
        deadline,
    };
    request.extensions_mut().insert(context);
    let (request, leftover) = observing.leftovers.watch(request);
    let mut observation = Observation {
        observing: Arc::clone(&observing),
        method,
        path,
        started,
        span: span.clone(),
        status: CUT_OFF,
    };
    let mut response = with_body(answered(request, next, deadline).instrument(span).await, &id);
    leftover.tell(&mut response);
    if observing.stopping.has_begun() {
        unread::close(&mut response);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    observation.status = response.status();
    response
}

async fn answered(request: Request<Body>, next: Next, deadline: Instant) -> Response {
    if let Err(error) = framing::check(request.version(), request.headers()) {
        let mut response = error.into_response();
        // Nobody knows where the next request would begin.
        unread::close(&mut response);
        return response;
    }
    let late = |_| ApiError::from(catalogue::TIMEOUT).into_response();
    timeout_at(deadline, next.run(request)).await.unwrap_or_else(late)
}

/// One request in the log and the metrics; also one that was cut off before its answer, when nobody
/// polls the handler any more.
struct Observation {
    observing: Arc<Observing>,
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
        let metrics = &self.observing.metrics;
        metrics.requests.with_label_values(&[method, path, self.status.as_str()]).inc();
        metrics.request_duration.with_label_values(&[method, path]).observe(elapsed.as_secs_f64());
        let status = self.status.as_u16();
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let _entered = self.span.enter();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            // Apart from the others: these may hide one another, but not a fault of the host.
            rarely!(warn, status, microseconds, "answered");
        } else if status >= 500 {
            rarely!(warn, status, microseconds, "answered");
        } else if self.status == CUT_OFF {
            tracing::info!(
                status,
                microseconds,
                "cut off before its answer; what was being committed is finished"
            );
        } else if self.observing.quiet.contains(&path) {
            tracing::debug!(status, microseconds, "answered");
        } else {
            tracing::info!(status, microseconds, "answered");
        }
    }
}

/// A handler's panic: the panic hook has logged it, the caller gets what it may know.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::from(catalogue::INTERNAL).into_response()
}

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
