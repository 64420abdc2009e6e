//! What a client still sends after its answer was decided. Many write their whole request before
//! they read: if the connection were closed under them, they would see a broken pipe and never the
//! answer. So the rest is read and dropped, within bounds of bytes, time and number.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::shutdown::StopDeadline;

/// The most that is read of one request after its answer.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Requests whose rest is read at the same time. Beyond them it is not, and the connection ends.
const PLACES: usize = 128;

/// Reads what is left of requests that were answered.
#[derive(Clone)]
pub struct Leftovers {
    places: Arc<Semaphore>,
    time: Duration,
    most: usize,
    tasks: TaskTracker,
    stopping: StopDeadline,
}

impl Leftovers {
    /// Of each request for at most that time.
    pub fn new(time: Duration, tasks: TaskTracker, stopping: StopDeadline) -> Self {
        let places = Arc::new(Semaphore::new(PLACES));
        Self { places, time, most: MOST_BYTES, tasks, stopping }
    }

    /// For a listener with larger bodies: who sends a little more than that sees the answer.
    #[must_use]
    pub fn of_at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Sees to the rest of the body, whenever whoever answers lets go of it.
    pub(super) fn watch(&self, request: Request<Body>) -> (Request<Body>, Leftover) {
        let is_left = Arc::new(AtomicBool::new(false));
        if request.body().is_end_stream() {
            return (request, Leftover(is_left));
        }
        let watched = Watched {
            leftovers: self.clone(),
            is_held_back: request.headers().contains_key(EXPECT),
            is_left: Arc::clone(&is_left),
        };
        let request = request.map(|body| Body::new(WatchedBody { body, watched: Some(watched) }));
        (request, Leftover(is_left))
    }

    fn read(&self, mut body: Body) {
        let (Ok(place), Ok(runtime)) =
            (Arc::clone(&self.places).try_acquire_owned(), Handle::try_current())
        else {
            return;
        };
        let (time, most, stopping) = (self.time, self.most, self.stopping.clone());
        let reading = async move {
            let mut left = most;
            while let Some(Ok(frame)) = body.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(rest) = left.checked_sub(length) else { return };
                left = rest;
            }
        };
        self.tasks.spawn_on(
            async move {
                tokio::select! {
                    _ = timeout(time, reading) => {}
                    () = stopping.half_over() => {}
                }
                drop(place);
            },
            &runtime,
        );
    }
}

/// Whether a part of the body was left, so that no request can follow on this connection.
pub(super) struct Leftover(Arc<AtomicBool>);

impl Leftover {
    /// Tells the client that the connection ends after this answer, if it does.
    pub(super) fn tell(&self, response: &mut Response) {
        let is_late = response.status() == StatusCode::REQUEST_TIMEOUT;
        if is_late || self.0.load(Ordering::Relaxed) {
            close(response);
        }
    }
}

/// Tells the client, and hyper, that the connection ends after this answer.
pub(super) fn close(response: &mut Response) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// A request's body whose rest is seen to when it is dropped.
struct WatchedBody {
    body: Body,
    /// None once there is nothing left to come.
    watched: Option<Watched>,
}

struct Watched {
    leftovers: Leftovers,
    /// Who waits for `100 Continue` has not sent anything, and won't until the body is asked for.
    is_held_back: bool,
    is_left: Arc<AtomicBool>,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(watched) = &mut self.watched {
            watched.is_held_back = false;
        }
        let poll = Pin::new(&mut self.body).poll_frame(context);
        if matches!(poll, Poll::Ready(None | Some(Err(_)))) {
            self.watched = None;
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        let Some(watched) = self.watched.take().filter(|_| !self.body.is_end_stream()) else {
            return;
        };
        // However short: what of it comes after the answer would count as the next request's head.
        watched.is_left.store(true, Ordering::Relaxed);
        if !watched.is_held_back {
            watched.leftovers.read(std::mem::take(&mut self.body));
        }
    }
}
