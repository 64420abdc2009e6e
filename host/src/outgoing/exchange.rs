//! A request and its answer, with the redirects between them.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, Response};

use super::access::Access;
use super::address::Reach;
use super::bounds::{REDIRECTS, RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES, RESPONSE_HEADERS};
use super::checked::Checked;
use super::client::Clients;
use super::outcome::Outcome;
use super::request::OutgoingResponse;
use super::way::Way;

/// Why there is no answer, and after which time there may be one.
pub(super) type NoAnswer = (Outcome, Option<Duration>);

/// Sends a request and reads the whole answer. Whoever is asked in between has a turn of its own.
pub(super) async fn exchange(
    clients: &Arc<Clients>,
    mut request: Checked,
    allowed: &[Access],
    traceparent: Option<&HeaderValue>,
    way: &mut Way,
) -> Result<OutgoingResponse, NoAnswer> {
    let not_followed = || (Outcome::Redirect, None);
    let follows = request.access.redirects;
    let mut followed = 0;
    loop {
        let response = once(clients, &request, traceparent).await.map_err(|why| (why, None))?;
        let status = response.status().as_u16();
        let is_redirect = follows && matches!(status, 301 | 302 | 303 | 307 | 308);
        let location = response.headers().get(header::LOCATION).filter(|_| is_redirect);
        let Some(location) = location else {
            return read(request.method, response).await.map_err(|why| (why, None));
        };
        if followed == REDIRECTS {
            return Err(not_followed());
        }
        followed += 1;
        let location = location.to_str().map_err(|_| not_followed())?.to_owned();
        request = request.redirected(status, &location, allowed).ok_or_else(not_followed)?;
        way.lead_to(request.access.origin()).map_err(|(why, wait)| (why, Some(wait)))?;
    }
}

async fn once(
    clients: &Arc<Clients>,
    request: &Checked,
    traceparent: Option<&HeaderValue>,
) -> Result<Response, Outcome> {
    let private = request.access.private;
    // The resolver is not asked for an address that is written in the URL.
    let host = request.url.host_str().unwrap_or_default();
    if let Ok(address) = host.trim_matches(['[', ']']).parse()
        && !Reach::of(address).is_allowed(private)
    {
        return Err(Outcome::ForbiddenAddress);
    }
    let client = clients.of(private).await.ok_or(Outcome::Certificate)?;
    let mut sent = client
        .request(request.method.clone(), request.url.clone())
        .headers(request.headers.clone());
    if let Some(traceparent) = traceparent {
        sent = sent.header("traceparent", traceparent);
    }
    if !request.body.is_empty() {
        sent = sent.body(request.body.clone());
    }
    sent.send().await.map_err(|error| Outcome::of(&error))
}

/// Never more than the bounds, whatever the answer says of its length.
async fn read(method: Method, mut response: Response) -> Result<OutgoingResponse, Outcome> {
    let headers = headers(response.headers())?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    if method != Method::HEAD && !matches!(status, 204 | 304) {
        // What reqwest did not decode: the policy could not either.
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(Outcome::Encoding);
        }
        let most = u64::try_from(RESPONSE_BODY_BYTES).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(Outcome::TooLarge);
        }
        while let Some(part) = response.chunk().await.map_err(|error| Outcome::of(&error))? {
            if body.len() + part.len() > RESPONSE_BODY_BYTES {
                return Err(Outcome::TooLarge);
            }
            body.extend_from_slice(&part);
        }
    }
    Ok(OutgoingResponse { status, headers, body })
}

fn headers(map: &HeaderMap) -> Result<Vec<(String, Vec<u8>)>, Outcome> {
    let bytes: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if map.len() > RESPONSE_HEADERS || bytes > RESPONSE_HEADER_BYTES {
        return Err(Outcome::TooLarge);
    }
    let owned = |(name, value): (&header::HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    Ok(map.iter().map(owned).collect())
}
