//! The body of an answer; it tells its connection's place when the connection has taken all of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::place::Place;

/// The body of an answer.
pub(super) struct AnswerBody {
    body: Body,
    place: Arc<Place>,
}

/// The answer as it goes out. Where many connections are open it ends its own, so that the client
/// does not send a request on one that we close.
pub(super) fn outgoing(place: Arc<Place>, mut answer: Response<Body>) -> Response<AnswerBody> {
    if place.is_crowded() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    place.answering();
    answer.map(|body| AnswerBody { body, place })
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.place.answered();
    }
}
