//! One thing that is asked for or granted, and its text.

use std::fmt;
use std::str::FromStr;

use crate::outgoing::Access;

/// One thing that is asked for or granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// `interface:storage`
    Interface(String),
    /// `event:stepped_up`
    Event(String),
    /// `claim:tier`
    Claim(String),
    /// `secret:risk_key`
    Secret(String),
    /// `http:GET,POST https://risk.internal:8443 redirects private`
    Http(Access),
    /// `storage:64MiB`: bytes that the place keeps.
    Storage(u64),
    /// `memory:8MiB`: linear memory of a call.
    Memory(u64),
    /// `time:100ms`: processor time of a call, in milliseconds.
    Time(u32),
    /// `host-calls:32`: counted host calls of a call.
    HostCalls(u32),
}

/// Why a text is no item, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ItemFault(pub String);

impl fmt::Display for Item {
    fn fmt(&self, _formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl FromStr for Item {
    type Err = ItemFault;

    fn from_str(_text: &str) -> Result<Self, ItemFault> {
        todo!()
    }
}
