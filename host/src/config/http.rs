//! The settings of the public listener.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::Reader;
use super::values::{address, between, duration, networks, number};
use crate::http::{ForwardedHeader, ServerLimits, TrustedProxies};

/// Of the public listener.
#[derive(Clone)]
pub struct HttpConfig {
    /// `HTTP_SERVER_ADDRESS`, default `127.0.0.1:7971`.
    pub address: SocketAddr,
    /// `HTTP_SERVER_TIMEOUT`, default `5s`: when the caller gives up.
    pub timeout: Duration,
    /// `HTTP_SERVER_READ_TIMEOUT`, default `5s`: the time a client has for the head and the body of
    /// a request together. `HTTP_SERVER_WRITE_TIMEOUT`, default `10s`: the time a client has to
    /// take the whole answer. `HTTP_SERVER_IDLE_TIMEOUT`, default `75s`: how long a connection is kept without a
    /// request; callers keep theirs for 60 s. `HTTP_SERVER_MAX_CONNECTIONS`, default 4096.
    pub limits: ServerLimits,
    /// `HTTP_TRUSTED_PROXIES`, default none: networks whose word about the client is believed.
    /// `HTTP_TRUSTED_PROXY_HOPS`, default 1: the client is that many entries from the right.
    /// `HTTP_FORWARDED_HEADER`, default `x-forwarded-for`: where they stand; or `forwarded`.
    pub proxies: TrustedProxies,
}

impl HttpConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        let seconds = Duration::from_secs;
        let limit = between(Duration::from_millis(100), seconds(600), duration);
        Self {
            address: read.value(
                "HTTP_SERVER_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 7971)),
                address,
            ),
            timeout: read.value("HTTP_SERVER_TIMEOUT", seconds(5), &limit),
            limits: ServerLimits {
                request: read.value("HTTP_SERVER_READ_TIMEOUT", seconds(5), &limit),
                answer: read.value("HTTP_SERVER_WRITE_TIMEOUT", seconds(10), &limit),
                idle: read.value("HTTP_SERVER_IDLE_TIMEOUT", seconds(75), &limit),
                connections: read.value(
                    "HTTP_SERVER_MAX_CONNECTIONS",
                    4096,
                    between(1, 1_000_000, number),
                ),
            },
            proxies: TrustedProxies {
                networks: read.value("HTTP_TRUSTED_PROXIES", Vec::new(), networks),
                hops: read.value("HTTP_TRUSTED_PROXY_HOPS", 1, between(1, 16, number)),
                header: read.value(
                    "HTTP_FORWARDED_HEADER",
                    ForwardedHeader::XForwardedFor,
                    forwarded_header,
                ),
            },
        }
    }

    /// How long a request may take: the caller gives up after `HTTP_SERVER_TIMEOUT`.
    pub fn request_limit(&self) -> Duration {
        self.timeout.mul_f64(0.8)
    }

    /// How long a client has for a request's body: its 408 must come before our own 503.
    pub fn body_limit(&self) -> Duration {
        self.limits.request.min(self.timeout.mul_f64(0.6))
    }
}

fn forwarded_header(text: &str) -> Result<ForwardedHeader, String> {
    match text.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => Ok(ForwardedHeader::XForwardedFor),
        "forwarded" => Ok(ForwardedHeader::Forwarded),
        _ => Err("is neither x-forwarded-for nor forwarded".into()),
    }
}
