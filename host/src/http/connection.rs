//! A client's connection with its time limits: a head that trickles in and an answer that is not
//! taken end it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::cut_off::AnswerNotTaken;

/// How many times a request of this connection was begun or answered: while the number is odd, what
/// arrives is a body, whose time is the handler's.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<AtomicU64>);

impl Turns {
    /// A request was begun, or answered.
    pub(super) fn next(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A TCP stream with a limit for the head of a request and one for the client's taking of an
/// answer.
pub(super) struct TimedStream {
    stream: TcpStream,
    turns: Turns,
    turn: u64,
    head_limit: Duration,
    write_limit: Duration,
    head_deadline: Option<Pin<Box<Sleep>>>,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    pub(super) fn new(
        stream: TcpStream,
        turns: Turns,
        head_limit: Duration,
        write_limit: Duration,
    ) -> Self {
        // A connection is opened for a request: the clock of its first head starts at once.
        let head_deadline = Some(Box::pin(sleep_until(Instant::now() + head_limit)));
        Self {
            stream,
            turns,
            turn: 0,
            head_limit,
            write_limit,
            head_deadline,
            write_deadline: None,
        }
    }

    /// Passes a finished write on; ends the connection if it was not finished in time.
    fn bounded_write<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.write_deadline = None;
            return poll;
        }
        let limit = self.write_limit;
        let deadline = self
            .write_deadline
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, AnswerNotTaken)))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        let turn = self.turns.0.load(Ordering::Acquire);
        if std::mem::replace(&mut self.turn, turn) != turn {
            self.head_deadline = None;
        }
        if !turn.is_multiple_of(2) {
            return poll;
        }
        if poll.is_ready() {
            // The first byte of a head starts its clock; later ones do not restart it.
            let limit = self.head_limit;
            self.head_deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
            return poll;
        }
        match &mut self.head_deadline {
            None => Poll::Pending,
            Some(deadline) => {
                ready!(deadline.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the head of the request did not arrive in time",
                )))
            }
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded_write(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded_write(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded_write(context, poll)
    }
}
