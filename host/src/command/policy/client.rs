//! A client of the admin API. The token is in a header and nowhere else: no message, no address, no
//! redirect carries it on. Each question has its time.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::{NO_ADMIN_API, NOT_LET_IN, Problem, REFUSED, UNKNOWN, UNREACHABLE};
use crate::administration::views::{ComponentView, ErrorView, NewReleaseView, ReleaseView};
use crate::config::Secret;
use crate::policy::admission::MAX_COMPONENT_BYTES;

const CONNECT_TIME: Duration = Duration::from_secs(5);
/// For everything that is neither waited for nor compiled.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// The host checks a component, and keeps others waiting meanwhile.
const UPLOAD_TIME: Duration = Duration::from_mins(10);
/// Of an answer that is JSON.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// A bearer token.
pub(super) struct Token(HeaderValue);

impl Token {
    /// From here; a fault does not repeat it.
    pub fn new(text: &Secret, origin: &str) -> anyhow::Result<Self> {
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        anyhow::ensure!(visible, "{origin} holds no token: one word, as it was printed once");
        let mut header = HeaderValue::from_str(&format!("Bearer {}", text.as_str()))
            .map_err(|_| anyhow::anyhow!("{origin} holds no token"))?;
        header.set_sensitive(true);
        Ok(Self(header))
    }
}

/// Whoever answers at an address.
pub(super) struct Client {
    http: reqwest::Client,
    url: Url,
    token: Token,
}

impl Client {
    /// With these certificates, no other authority is believed.
    pub fn new(url: Url, token: Token, ca: Option<&[u8]>) -> anyhow::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("auth-host/", env!("CARGO_PKG_VERSION")));
        if is_here(&url) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = ca {
            let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
            anyhow::ensure!(
                !certificates.is_empty(),
                "ADMIN_CA or --ca holds no certificate (PEM)"
            );
            builder = builder.tls_certs_only(certificates);
        } else if url.scheme() == "http" {
            // The system's authorities need not be there if nobody asks them.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().context("a connection cannot be prepared")?;
        Ok(Self { http, url, token })
    }

    /// Where it asks.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Reads something.
    pub async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        self.read_within(ANSWER_TIME, path, query).await
    }

    /// The same, of what takes its time.
    pub async fn read_within<T: DeserializeOwned>(
        &self,
        time: Duration,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let request = self.request(Method::GET, path, query).timeout(time);
        self.json(request, Asked::ToTell).await
    }

    /// Changes something.
    pub async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = self.request(method, path, &[]).timeout(ANSWER_TIME).json(body);
        self.json(request, Asked::ToChange).await
    }

    /// Has it check components with settings, and keep them as a release.
    pub async fn add_release(&self, new: &NewReleaseView) -> anyhow::Result<ReleaseView> {
        let request = self.request(Method::POST, &["releases"], &[]);
        self.json(request.timeout(UPLOAD_TIME).json(new), Asked::ToChange).await
    }

    /// Whether it keeps this component.
    pub async fn has_component(&self, digest: &str) -> anyhow::Result<bool> {
        let request = self.request(Method::HEAD, &["components", digest], &[]);
        let response = self.sent(request.timeout(ANSWER_TIME), Asked::ToTell).await?;
        Ok(response.status() == StatusCode::OK)
    }

    /// Has it check and keep a component.
    pub async fn put_component(
        &self,
        digest: &str,
        bytes: Vec<u8>,
    ) -> anyhow::Result<ComponentView> {
        let request = self.request(Method::PUT, &["components", digest], &[]);
        // To send it again changes nothing.
        self.json(request.timeout(UPLOAD_TIME).body(bytes), Asked::ToTell).await
    }

    /// A component's bytes.
    pub async fn component(&self, digest: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.request(Method::GET, &["components", digest], &[]);
        let mut response = self.sent(request.timeout(UPLOAD_TIME), Asked::ToTell).await?;
        let status = response.status();
        let bytes = self.body(&mut response, MAX_COMPONENT_BYTES, Asked::ToTell).await?;
        if status == StatusCode::OK {
            Ok(bytes)
        } else {
            Err(self.refusal(status, &bytes, Asked::ToTell).into())
        }
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url).header(AUTHORIZATION, self.token.0.clone())
    }

    async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        asked: Asked,
    ) -> anyhow::Result<T> {
        let mut response = self.sent(request, asked).await?;
        let status = response.status();
        let bytes = self.body(&mut response, MAX_JSON_BYTES, asked).await?;
        if !status.is_success() {
            return Err(self.refusal(status, &bytes, asked).into());
        }
        serde_json::from_slice(&bytes).map_err(|_| self.stranger(status).into())
    }

    async fn sent(&self, request: RequestBuilder, asked: Asked) -> Result<Response, Problem> {
        request.send().await.map_err(|error| self.unheard(error, asked))
    }

    async fn body(
        &self,
        response: &mut Response,
        most: u64,
        asked: Asked,
    ) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.unheard(error, asked))? {
            bytes.extend_from_slice(&part);
            if bytes.len() as u64 > most {
                return Err(self.stranger(response.status()));
            }
        }
        Ok(bytes)
    }
}

/// Whether an address is on this machine.
pub(super) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What for; it decides what is known if no answer comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// It may be asked again.
    ToTell,
    ToChange,
}

/// What went wrong, for people.
impl Client {
    /// No answer came.
    fn unheard(&self, error: reqwest::Error, asked: Asked) -> Problem {
        let (connects, url) = (error.is_connect(), &self.url);
        let reason = crate::telemetry::causes(&anyhow::Error::new(error.without_url()));
        if connects {
            let text = format!(
                "{url} cannot be reached: {reason}. Is the service running there, with an \
                 ADMIN_ADDRESS that is not off? --url or ADMIN_URL name another one"
            );
            return Problem::new(UNREACHABLE, "unreachable", text);
        }
        if asked == Asked::ToTell {
            let text = format!("{url} did not answer: {reason}. Try again");
            return Problem::new(UNREACHABLE, "no_answer", text);
        }
        let text = format!(
            "{url} was asked and did not answer: {reason}. It may have been done or not: look \
             with: auth-host policy status, auth-host policy history"
        );
        Problem::new(UNKNOWN, "no_answer", text)
    }

    /// An answer that says no.
    fn refusal(&self, status: StatusCode, body: &[u8], asked: Asked) -> Problem {
        // Another listener of a service tells errors in the same form, and knows no such path.
        let told = serde_json::from_slice::<ErrorView>(body).ok();
        let Some(told) = told.filter(|told| told.code != "not_found") else {
            return self.stranger(status);
        };
        let exit = match status.as_u16() {
            403 if NOT_LET_IN.contains(&told.code.as_str()) => REFUSED,
            401 | 403 | 429 => UNREACHABLE,
            // What is busy has begun nothing.
            500.. if asked == Asked::ToTell || told.code == "busy" => UNREACHABLE,
            500.. => UNKNOWN,
            _ => REFUSED,
        };
        let mut text = told.error;
        for field in told.fields {
            let told = format!("{}: {}", field.field, field.message);
            // The sentence of one fault is that fault.
            if !text.contains(&told) {
                text = format!("{text}; {told}");
            }
        }
        match status.as_u16() {
            401 => {
                text += ". Commands take it from --token-file, ADMIN_TOKEN or ADMIN_TOKEN_FILE";
            }
            _ if exit == UNKNOWN => {
                text += ". It may have been done or not: look with: auth-host policy status";
            }
            _ => {}
        }
        let reasons = told.reasons;
        Problem { reasons, request_id: told.request_id, ..Problem::new(exit, &told.code, text) }
    }

    /// Somebody else answered.
    fn stranger(&self, status: StatusCode) -> Problem {
        let text = format!(
            "what answers at {} is no admin API of this version (status {}): check --url or \
             ADMIN_URL, and proxies on the way",
            self.url,
            status.as_u16()
        );
        Problem::new(UNREACHABLE, NO_ADMIN_API, text)
    }
}
