//! A request that was looked at: what a policy wrote is read here, once, and refused with a reason
//! for its author.

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::access::Access;
use super::bounds::{
    HEADER_NAME_BYTES, HEADER_VALUE_BYTES, REQUEST_BODY_BYTES, REQUEST_HEADERS, URL_BYTES,
};
use super::fault::OutgoingFault;
use super::request::OutgoingRequest;

/// Headers of the connection, of the encoding, and of the trace: the host's.
const RESERVED: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What goes to another origin, too, when a redirect leads there. Any other header may be a secret.
const OF_NO_ORIGIN: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, header::USER_AGENT];

/// A request that may be sent.
pub(super) struct Checked {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Without those of the host.
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// What allows it.
    pub(super) access: Access,
}

impl Checked {
    pub(super) fn new(
        request: &OutgoingRequest,
        allowed: &[Access],
    ) -> Result<Self, OutgoingFault> {
        let url = url(&request.url)?;
        let method = method(&request.method)?;
        let access = access(allowed, &url, &method).ok_or_else(|| {
            OutgoingFault::Denied(format!(
                "{method} {} is not granted to this place",
                url.origin().ascii_serialization()
            ))
        })?;
        if request.body.len() > REQUEST_BODY_BYTES {
            return Err(limit(&format!("a body has at most {REQUEST_BODY_BYTES} bytes")));
        }
        let headers = headers(&request.headers)?;
        Ok(Self { method, url, headers, body: request.body.clone(), access })
    }

    /// The request that a redirect leads to; none if it may not be followed.
    pub(super) fn redirected(
        mut self,
        status: u16,
        location: &str,
        allowed: &[Access],
    ) -> Option<Self> {
        let mut next = self.url.join(location).ok()?;
        next.set_fragment(None);
        let with_user = !next.username().is_empty() || next.password().is_some();
        let loses_tls = self.url.scheme() == "https" && next.scheme() != "https";
        if next.as_str().len() > URL_BYTES || with_user || loses_tls {
            return None;
        }
        // RFC 9110, section 15.4: as browsers do.
        let to_get = match status {
            303 => !matches!(self.method, Method::GET | Method::HEAD),
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if to_get {
            self.method = Method::GET;
            self.body.clear();
            self.headers.remove(header::CONTENT_TYPE);
        }
        if next.origin() != self.url.origin() {
            let kept = OF_NO_ORIGIN.into_iter();
            let kept = kept.filter_map(|name| Some((name.clone(), self.headers.remove(name)?)));
            self.headers = kept.collect();
        }
        self.access = access(allowed, &next, &self.method)?;
        self.url = next;
        Some(self)
    }
}

fn limit(text: &str) -> OutgoingFault {
    OutgoingFault::Limit(text.to_owned())
}

fn malformed(text: &str) -> OutgoingFault {
    OutgoingFault::Malformed(text.to_owned())
}

fn access(allowed: &[Access], url: &Url, method: &Method) -> Option<Access> {
    let mut of_it = allowed.iter().filter(|access| access.holds(url));
    of_it.find(|access| access.methods.contains(method.as_str())).cloned()
}

fn url(text: &str) -> Result<Url, OutgoingFault> {
    if text.len() > URL_BYTES {
        return Err(limit(&format!("a URL has at most {URL_BYTES} bytes")));
    }
    // A browser would leave some of them out.
    if text.contains(|character: char| character.is_control() || character == ' ') {
        return Err(malformed("the URL holds a space or a control character: encode it"));
    }
    let mut url =
        Url::parse(text).map_err(|error| malformed(&format!("the URL is none: {error}")))?;
    if url.as_str().len() > URL_BYTES {
        return Err(limit(&format!("a URL has at most {URL_BYTES} bytes, when it is encoded")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(malformed("the URL holds a user or a password: send Authorization"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn method(text: &str) -> Result<Method, OutgoingFault> {
    // The longest that can be granted has seven letters.
    let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| text.len() <= 16);
    method.ok_or_else(|| malformed("the method is none, such as GET"))
}

fn headers(headers: &[(String, String)]) -> Result<HeaderMap, OutgoingFault> {
    if headers.len() > REQUEST_HEADERS {
        return Err(limit(&format!("a request has at most {REQUEST_HEADERS} headers")));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if name.len() > HEADER_NAME_BYTES {
            return Err(limit(&format!("a header's name has at most {HEADER_NAME_BYTES} bytes")));
        }
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| malformed("a header's name is none"))?;
        if RESERVED.contains(&name.as_str()) {
            return Err(malformed(&format!("the header {name} is the host's")));
        }
        if value.len() > HEADER_VALUE_BYTES {
            return Err(limit(&format!(
                "the header {name} has at most {HEADER_VALUE_BYTES} bytes"
            )));
        }
        let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let value = HeaderValue::from_str(value).ok().filter(|_| visible);
        let value = value
            .ok_or_else(|| malformed(&format!("the header {name} is not of visible ASCII")))?;
        map.append(name, value);
    }
    Ok(map)
}
