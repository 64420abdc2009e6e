//! Who calls: the request's id, the client's address and its user agent, each bounded.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, HeaderName, Request};

use super::server::Peer;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    /// Of the proxies that connect to us.
    pub networks: Vec<ipnet::IpNet>,
    /// The client is that many entries from the right.
    pub hops: usize,
}

impl TrustedProxies {
    /// The client, if a proxy that the operator trusts vouches for it.
    pub(super) fn client(&self, request: &Request<Body>) -> Option<IpAddr> {
        let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
        if !self.networks.iter().any(|network| network.contains(&peer)) {
            return None;
        }
        // Bytes: what the client itself put in front need not be text, and must not hide what the
        // proxy added.
        let values = request.headers().get_all(&FORWARDED_FOR).iter();
        let hops: Vec<&[u8]> =
            values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
        let hop = hops.len().checked_sub(self.hops)?;
        std::str::from_utf8(hops[hop]).ok()?.trim().parse().ok()
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
