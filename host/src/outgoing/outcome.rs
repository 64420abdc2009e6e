//! What became of a request, in a word.

use std::error::Error;
use std::io;

use super::resolver::NameFault;

/// What became of a request. Its word is a label of the metrics and stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    /// The name has no address, or no name server answered.
    Unresolved,
    /// An address that may not be reached.
    ForbiddenAddress,
    /// Nobody there takes a connection.
    Unreachable,
    /// The certificate is not good: an authority that is not trusted, an end, another name.
    Certificate,
    Timeout,
    /// More headers or more of a body than is read.
    TooLarge,
    /// An answer that is none, or that ends too early.
    Broken,
    /// In an encoding that nobody asked for.
    Encoding,
    /// To an origin that is not granted, without TLS, or one too many.
    Redirect,
    /// Too many requests are under way.
    Busy,
    /// It is left alone for a while.
    CircuitOpen,
    /// The caller went away.
    Abandoned,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unresolved => "unresolved",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Unreachable => "unreachable",
            Self::Certificate => "certificate",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Broken => "broken",
            Self::Encoding => "encoding",
            Self::Redirect => "redirect",
            Self::Busy => "busy",
            Self::CircuitOpen => "circuit_open",
            Self::Abandoned => "abandoned",
        }
    }

    /// Why there was no answer, from the client's error: the innermost cause that is known.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let mut outcome = if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Broken
        };
        let mut cause = error.source();
        while let Some(error) = cause {
            outcome = known(error).unwrap_or(outcome);
            // The cause of an error of the network is the cause of what it wraps.
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause = match wrapped {
                Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
                None => error.source(),
            };
        }
        outcome
    }
}

fn known(error: &(dyn Error + 'static)) -> Option<Outcome> {
    if let Some(fault) = error.downcast_ref::<NameFault>() {
        return Some(match fault {
            NameFault::Unresolved => Outcome::Unresolved,
            NameFault::Forbidden => Outcome::ForbiddenAddress,
        });
    }
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return Some(Outcome::Certificate);
    }
    let hyper = error.downcast_ref::<hyper::Error>()?;
    hyper.is_parse_too_large().then_some(Outcome::TooLarge)
}
