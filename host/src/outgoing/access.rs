//! Whom a policy may ask: an origin with methods.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Whether TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    Http,
    Https,
}

/// An origin (RFC 6454) that may be asked, and how. As a text:
/// `GET,POST https://risk.internal:8443 redirects private`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// In upper case: `GET`.
    pub methods: BTreeSet<String>,
    pub scheme: Scheme,
    /// A name in lower case and ASCII (IDNA), or an address.
    pub host: String,
    pub port: u16,
    /// Whether redirects are followed, to origins that are granted, too.
    pub redirects: bool,
    /// Whether addresses that are not public may be reached there.
    pub private: bool,
}

impl Access {
    /// Whether what `asked` wants of one origin is allowed by this one.
    pub fn allows(&self, _asked: &Self) -> bool {
        todo!()
    }

    /// `https://risk.internal:8443`, without the usual port: also the label of metrics.
    pub fn origin(&self) -> String {
        todo!()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, _formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl FromStr for Access {
    type Err = String;

    /// The error says what is wrong, for the middle of a sentence.
    fn from_str(_text: &str) -> Result<Self, String> {
        todo!()
    }
}
