//! One thing that is asked for or granted, and its text.

use std::fmt;
use std::str::FromStr;

use super::{amount, interfaces};
use crate::contract::Slot;
use crate::contract::names::is_name;
use crate::outgoing::Access;

/// The most bytes of an item's text: an origin with methods is the longest.
const MAX_BYTES: usize = 512;

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

impl Item {
    /// Whether it is a bound, of which there is always one value.
    pub const fn is_bound(&self) -> bool {
        matches!(self, Self::Storage(_) | Self::Memory(_) | Self::Time(_) | Self::HostCalls(_))
    }

    /// Whether its text would be an item, and why not.
    fn read(text: &str) -> Result<Self, String> {
        let Some((kind, value)) = text.split_once(':') else { return Err(no_kind(text)) };
        match kind {
            "interface" => interface(value).map(Self::Interface),
            "event" => named(value, kind).map(Self::Event),
            "claim" => named(value, kind).map(Self::Claim),
            "secret" => named(value, kind).map(Self::Secret),
            "http" if value.starts_with("//") => Err(no_origin(text)),
            "https" => Err(no_origin(text)),
            "http" => value.parse().map(Self::Http),
            "storage" => size(value).map(Self::Storage),
            "memory" => size(value).map(Self::Memory),
            "time" => amount::time(value)
                .map(Self::Time)
                .ok_or_else(|| "a time is a whole number of ms or s, such as 100ms".to_owned()),
            "host-calls" => amount::whole(value)
                .and_then(|most| u32::try_from(most).ok())
                .map(Self::HostCalls)
                .ok_or_else(|| "a number of host calls is a whole number".to_owned()),
            _ => Err(no_kind(text)),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => write!(formatter, "interface:{name}"),
            Self::Event(name) => write!(formatter, "event:{name}"),
            Self::Claim(name) => write!(formatter, "claim:{name}"),
            Self::Secret(name) => write!(formatter, "secret:{name}"),
            Self::Http(access) => write!(formatter, "http:{access}"),
            Self::Storage(bytes) => write!(formatter, "storage:{}", amount::write_size(*bytes)),
            Self::Memory(bytes) => write!(formatter, "memory:{}", amount::write_size(*bytes)),
            Self::Time(most) => write!(formatter, "time:{}", amount::write_time(*most)),
            Self::HostCalls(most) => write!(formatter, "host-calls:{most}"),
        }
    }
}

impl FromStr for Item {
    type Err = ItemFault;

    fn from_str(text: &str) -> Result<Self, ItemFault> {
        if text.len() > MAX_BYTES {
            let fault = format!("what can be granted has at most {MAX_BYTES} bytes as a text");
            return Err(ItemFault(fault));
        }
        Self::read(text).map_err(|why| ItemFault(format!("{text:?}: {why}")))
    }
}

/// Whether a secret can have this name. Part of a variable's and a file's name.
pub fn is_secret_name(name: &str) -> bool {
    is_name(name, '_', 32)
}

fn named(name: &str, kind: &str) -> Result<String, String> {
    if is_name(name, '_', 32) {
        Ok(name.to_owned())
    } else {
        let article = if kind == "event" { "an" } else { "a" };
        Err(format!("the name of {article} {kind} is [a-z][a-z0-9_]{{0,31}}"))
    }
}

fn interface(name: &str) -> Result<String, String> {
    if Slot::ALL.iter().any(|slot| interfaces::is_known(*slot, name)) {
        return Ok(name.to_owned());
    }
    Err(format!("there is no interface {name:?}; there are {}", interfaces::GRANTED.join(", ")))
}

fn size(text: &str) -> Result<u64, String> {
    let wrong = || "a size is a whole number of KiB, MiB or GiB, such as 8MiB".to_owned();
    amount::size(text).ok_or_else(wrong)
}

fn no_origin(text: &str) -> String {
    format!("an origin is granted with its methods: http:GET {text}")
}

fn no_kind(text: &str) -> String {
    if interfaces::GRANTED.contains(&text) {
        return format!("an interface is granted as interface:{text}");
    }
    "what can be granted begins with interface:, event:, claim:, secret:, http:, storage:, \
     memory:, time: or host-calls:"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        text.parse::<Item>().unwrap_err().to_string()
    }

    #[test]
    fn an_item_is_read_as_it_is_written() {
        for text in [
            "interface:storage",
            "interface:logging-in",
            "event:stepped_up",
            "claim:tier",
            "secret:risk_key",
            "http:GET https://api.example.com",
            "http:GET,POST https://risk.internal:8443 redirects private",
            "storage:64MiB",
            "memory:512KiB",
            "time:100ms",
            "time:1s",
            "host-calls:0",
            "host-calls:32",
        ] {
            assert_eq!(text.parse::<Item>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_item_is_told_with_what_to_write() {
        let there_are = "there are accounts, passwords, sessions, storage, throttle, outbox, http";
        for (text, words) in [
            ("interface:disk", there_are),
            ("interface:Storage", there_are),
            ("storage", "interface:storage"),
            ("disk", "interface:, event:, claim:"),
            ("", "interface:, event:, claim:"),
            ("disk:all", "interface:, event:, claim:"),
            ("event:Stepped Up", "name of an event is [a-z][a-z0-9_]{0,31}"),
            ("secret:", "[a-z][a-z0-9_]{0,31}"),
            ("https://api.example.com", "http:GET https://api.example.com"),
            ("http://api.example.com", "http:GET http://api.example.com"),
            ("http:api.example.com", "GET,POST https://api.example.com"),
            ("memory:8MB", "KiB, MiB or GiB"),
            ("storage:0MiB", "KiB, MiB or GiB"),
            ("time:fast", "100ms"),
            ("host-calls:-1", "whole number"),
            ("host-calls:4294967296", "whole number"),
        ] {
            let told = fault(text);
            assert!(told.contains(words) && told.contains(&format!("{text:?}")), "{told}");
        }
        assert!(fault(&format!("event:{}", "x".repeat(600))).contains("512 bytes"));
    }
}
