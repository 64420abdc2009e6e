//! Who calls: the request's id, the client's address and its user agent, each bounded.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{FORWARDED, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use prometheus::IntCounterVec;
use tokio::time::Instant;

use super::forwarded::{self, Client};
use super::server::Peer;
use crate::metrics::{Meter, MeterError};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How often the log tells of a client that is not known.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// The header that names the client. Only one is read: a proxy that sets the one passes the other on
/// as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whose word about the client is believed.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    /// Of the proxies that connect to us.
    pub networks: Vec<ipnet::IpNet>,
    /// The client is that many entries from the right.
    pub hops: usize,
    /// Where it is.
    pub header: ForwardedHeader,
}

impl TrustedProxies {
    /// The client, if a proxy that the operator trusts vouches for it.
    pub(super) fn client(
        &self,
        request: &Request<Body>,
        unknown: &UnknownClients,
    ) -> Option<IpAddr> {
        let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
        if !self.networks.iter().any(|network| network.contains(&peer)) {
            return None;
        }
        let (name, read): (_, fn(&[u8]) -> Client) = match self.header {
            ForwardedHeader::XForwardedFor => (FORWARDED_FOR, forwarded::entry),
            ForwardedHeader::Forwarded => (FORWARDED, forwarded::element),
        };
        // Bytes: what the client itself put in front need not be text, and must not hide what the
        // proxy added.
        let lines: Vec<&[u8]> =
            request.headers().get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        let entry = forwarded::from_the_right(lines.into_iter()).nth(self.hops - 1);
        let reason = match entry.map(read) {
            Some(Client::Address(address)) => return Some(address),
            Some(Client::Hidden) => "hidden",
            Some(Client::NotAnAddress) => "not_an_address",
            None => "missing",
        };
        unknown.count(reason, &name, entry);
        None
    }
}

/// Requests of trusted proxies that do not name their client: limits by address are off for them.
pub struct UnknownClients {
    counted: IntCounterVec,
    told: Mutex<Option<Instant>>,
}

impl UnknownClients {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let counted = meter.counters(
            "auth_http_unknown_clients_total",
            "Requests of trusted proxies whose client is not known, by the reason.",
            &["reason"],
        )?;
        for reason in ["missing", "hidden", "not_an_address"] {
            counted.with_label_values(&[reason]);
        }
        Ok(Self { counted, told: Mutex::default() })
    }

    /// One more. An entry that is there and of no use is told in the log; that the header is missing
    /// is not, for health checks have none.
    fn count(&self, reason: &'static str, header: &HeaderName, entry: Option<&[u8]>) {
        self.counted.with_label_values(&[reason]).inc();
        let Some(entry) = entry.filter(|_| self.is_time_to_tell()) else { return };
        let entry = String::from_utf8_lossy(&entry[..entry.len().min(64)]);
        tracing::warn!(
            header = %header,
            entry = %entry.trim().escape_debug(),
            reason,
            "a trusted proxy does not name its client: limits by address are off for such \
             requests. (Told once a minute.)"
        );
    }

    fn is_time_to_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if is_time {
            *told = Some(Instant::now());
        }
        is_time
    }
}

/// The caller's id, if it is at most 128 visible ASCII characters; else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let good =
        |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    given.filter(good).map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
}
