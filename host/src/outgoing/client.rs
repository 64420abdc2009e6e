//! The clients of a place: its connections, kept and bounded by place.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Certificate, Client, redirect, retry};
use tokio::sync::watch;
use tokio::task;

use super::bounds::RESPONSE_HEADERS;
use super::resolver::{Names, Reachable};
use crate::telemetry::rarely;

/// Connections to one origin that wait for the next request.
const IDLE_CONNECTIONS: usize = 8;
/// Shorter than the minute after which many servers close theirs.
const IDLE: Duration = Duration::from_secs(50);
/// Also of a connection that the request which began it no longer waits for.
const CONNECT: Duration = Duration::from_secs(2);
const USER_AGENT: &str = concat!("auth-host/", env!("CARGO_PKG_VERSION"));

/// Authorities that are trusted.
#[derive(Clone)]
pub(super) enum Roots {
    System,
    Own(Vec<Certificate>),
}

impl Roots {
    /// The system's are read when the first client is made: a host whose policies ask nobody needs
    /// none.
    pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(file) = file else { return Ok(Self::System) };
        let wrong = || format!("POLICY_HTTP_ROOTS: {}", file.display());
        let text = fs::read(file).with_context(wrong)?;
        let certificates = Certificate::from_pem_bundle(&text).with_context(wrong)?;
        if certificates.is_empty() {
            bail!("{} holds no certificate in the form PEM", wrong());
        }
        Ok(Self::Own(certificates))
    }
}

/// The clients of a place. A connection that was made for a request that may reach private
/// addresses is never used for one that may not.
pub(super) struct Clients {
    roots: Roots,
    names: Arc<Names>,
    public: Making,
    private: Making,
}

/// A client that is there, or is being made; none: nobody has asked yet.
type Making = Mutex<Option<watch::Receiver<Option<Client>>>>;

impl Clients {
    pub(super) fn new(roots: Roots, names: Arc<Names>) -> Self {
        Self { roots, names, public: Mutex::default(), private: Mutex::default() }
    }

    /// Made when it is first asked for. None if that is not possible: the system has no roots.
    pub(super) async fn of(self: &Arc<Self>, private: bool) -> Option<Client> {
        let mut making = self.making(private);
        // It ends without one if the making came to nothing.
        let made = making.wait_for(Option::is_some).await.ok()?;
        made.clone()
    }

    /// The making outlives who asked first: a policy may have less time than it takes, and who asks
    /// next would begin it anew.
    fn making(self: &Arc<Self>, private: bool) -> watch::Receiver<Option<Client>> {
        let place = if private { &self.private } else { &self.public };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let known = place.as_ref();
        let is_alive = |known: &&watch::Receiver<Option<Client>>| {
            known.borrow().is_some() || known.has_changed().is_ok()
        };
        if let Some(known) = known.filter(is_alive) {
            return known.clone();
        }
        let (told, making) = watch::channel(None);
        let clients = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(client) = clients.make(private).await {
                told.send_replace(Some(client));
            }
        });
        *place = Some(making.clone());
        making
    }

    async fn make(&self, private: bool) -> Option<Client> {
        let (roots, names) = (self.roots.clone(), Arc::clone(&self.names));
        // The system's roots are many files.
        let made = task::spawn_blocking(move || client(roots, names, private)).await;
        let made = made.map_err(anyhow::Error::from).flatten();
        made.inspect_err(|error| {
            rarely!(
                error,
                error = format!("{error:#}"),
                "no requests of policies can be sent: install the system's authorities \
                 (ca-certificates), or set POLICY_HTTP_ROOTS"
            );
        })
        .ok()
    }
}

/// Whatever a policy's request does not say is switched off: proxies of the environment, cookies,
/// `Referer`, redirects, repeating. HTTP/1.1 only: the answer's head is bounded.
pub(super) fn client(roots: Roots, names: Arc<Names>, private: bool) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .http1_only()
        .http1_max_headers(RESPONSE_HEADERS)
        .gzip(true)
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .dns_resolver(Reachable { names, private });
    if let Roots::Own(certificates) = roots {
        builder = builder.tls_certs_only(certificates);
    }
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_client_that_nobody_waits_for_any_more_is_made_once_and_kept() {
        let names = Arc::new(Names::new(Vec::new()));
        let clients = Arc::new(Clients::new(Roots::Own(Vec::new()), names));
        for _ in 0..10 {
            assert!(clients.of(false).now_or_never().is_none(), "it was made in no time");
        }
        let first = clients.making(false);
        assert!(clients.of(false).await.is_some());
        assert!(first.same_channel(&clients.making(false)), "it was made twice");
        assert!(first.borrow().is_some());
        assert!(!first.same_channel(&clients.making(true)), "private connections are kept apart");
    }
}
