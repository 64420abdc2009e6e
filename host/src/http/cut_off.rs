//! Telling an answer that we stopped writing, because its client did not take it in time, from a
//! connection that its client left: the one is ours to account for at a stop, the other is not.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a connection's writing ends: the cause within the `io::Error` of the stream.
#[derive(Debug)]
pub(super) struct AnswerNotTaken;

impl fmt::Display for AnswerNotTaken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the client did not take the answer in time")
    }
}

impl Error for AnswerNotTaken {}

/// Whether a connection ended because its answer was not taken in time.
pub(super) fn was_cut_off(error: &hyper::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is_some_and(<dyn Error + Send + Sync>::is::<AnswerNotTaken>) {
            return true;
        }
        next = cause.source();
    }
    false
}
