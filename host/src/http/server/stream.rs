//! A client's connection with its time limits: a head that trickles in and an answer that is not
//! taken end it, whatever single bytes do. One that waits and was told to leave reads as ended.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::place::{Phase, Place};
use crate::http::cut_off::AnswerNotTaken;

/// A TCP stream with one limit for the head of a request and one for the client's taking of an
/// answer.
pub(super) struct TimedStream {
    stream: TcpStream,
    place: Arc<Place>,
    /// How many requests had begun when it was last read.
    requests: u64,
    /// Whether a part of a head has arrived.
    half_head: bool,
    /// With what the place knows that this connection waits.
    resting: Option<(bool, Waker)>,
    head: Deadline,
    answer: Deadline,
}

/// A moment that nothing moves once it is set.
struct Deadline {
    limit: Duration,
    end: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn new(limit: Duration) -> Self {
        Self { limit, end: None, timer: None }
    }

    fn start(&mut self) {
        if self.end.is_none() {
            self.end = Some(Instant::now() + self.limit);
        }
    }

    fn clear(&mut self) {
        self.end = None;
        self.timer = None;
    }

    fn has_passed(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    /// Waits for it; for ever if it is not set.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(end) = self.end else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        timer.as_mut().poll(context)
    }
}

impl TimedStream {
    pub(super) fn new(
        stream: TcpStream,
        place: Arc<Place>,
        head_limit: Duration,
        answer_limit: Duration,
    ) -> Self {
        let mut head = Deadline::new(head_limit);
        // A connection is opened for a request: the clock of its first head starts at once.
        head.start();
        Self {
            stream,
            place,
            requests: 0,
            half_head: false,
            resting: None,
            head,
            answer: Deadline::new(answer_limit),
        }
    }

    /// A part of a head has arrived.
    fn heard(&mut self) {
        if !self.half_head {
            self.half_head = true;
            self.place.head_begins(Instant::now());
        }
        // The first byte of a head starts its clock; later ones do not restart it.
        self.head.start();
        self.resting = None;
        self.place.stir();
    }

    /// Nothing arrives, and no request is in flight.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.place.is_told_to_leave() {
            if self.is_silent() {
                // Read as the client's own end: so it is closed between requests and never in one.
                self.place.leaves();
                return Poll::Ready(Ok(()));
            }
        } else {
            let waker = context.waker();
            let known = self.resting.as_ref();
            if !known.is_some_and(|(half, own)| *half == self.half_head && own.will_wake(waker)) {
                self.resting = Some((self.half_head, waker.clone()));
                self.place.rest(self.half_head, waker);
            }
        }
        ready!(self.head.poll(context));
        let late = "the head of the request did not arrive in time";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, late)))
    }

    /// Whether the system, too, has nothing for us: what it has may not be known to us yet.
    fn is_silent(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(rustix::net::recv(&self.stream, &mut [0_u8; 1], flags), Err(Errno::AGAIN))
    }

    /// Passes a write on; ends the connection if its answer was not taken in time.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() && !self.answer.has_passed() {
            return poll;
        }
        ready!(self.answer.poll(context));
        // What the system still holds for this client goes with the connection.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, AnswerNotTaken)))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        let requests = self.place.requests();
        if std::mem::replace(&mut self.requests, requests) != requests {
            self.head.clear();
            self.half_head = false;
            self.resting = None;
        }
        if self.place.phase() != Phase::Resting {
            // What arrives is a body, whose time is the handler's, or belongs to the next request.
            return poll;
        }
        if poll.is_pending() {
            return self.poll_waiting(context);
        }
        if buffer.filled().len() > before {
            self.heard();
        }
        poll
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answer.start();
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, poll)
    }

    /// With it an answer goes out from where it is, and is not copied for each client.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answer.start();
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.bounded(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        if poll.is_ready() && self.place.flushed() {
            self.answer.clear();
        }
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.answer.start();
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, poll)
    }
}
