//! A service outside, as policies ask it: HTTP/1.1 on loopback, and as bad as a test wants it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::manner::{Asked, Manner, Said, misbehave};

/// A service outside, until it is dropped.
pub(crate) struct Outside {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    manners: Mutex<HashMap<String, Manner>>,
    asked: Mutex<Vec<Asked>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl Outside {
    /// Without TLS, on 127.0.0.1. It answers 200 and `ok` until a test says otherwise.
    pub(crate) async fn start() -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), None).await
    }

    /// On another address of loopback, such as 127.0.0.2.
    pub(crate) async fn at(address: &str) -> Self {
        Self::listen(address.parse().unwrap(), None).await
    }

    /// With TLS, on 127.0.0.1.
    pub(crate) async fn with_tls(config: Arc<ServerConfig>) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), Some(config)).await
    }

    async fn listen(address: IpAddr, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::default();
        let task = tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), Arc::clone(&shared)));
        Self { address, scheme, shared, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its origin under its address: `http://127.0.0.1:4711`.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its origin under a name: `http://risk.test:4711`.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}://{name}:{}", self.scheme, self.port())
    }

    /// How it behaves at this path from now on.
    pub(crate) fn at_path(&self, path: &str, manner: Manner) {
        self.shared.manners.lock().unwrap().insert(path.into(), manner);
    }

    /// All that it was asked, in the order of arrival.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How many connections came so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            shared.open.fetch_add(1, Ordering::Relaxed);
            // What goes wrong here is the client's to tell.
            let _ended = match tls {
                None => serve(stream, &shared).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, &shared).await,
                    Err(error) => Err(error),
                },
            };
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) -> io::Result<()> {
    let mut read = Vec::new();
    while let Some(asked) = request(&mut stream, &mut read).await? {
        let manner = shared.manners.lock().unwrap().get(asked.path()).cloned();
        shared.asked.lock().unwrap().push(asked.clone());
        let manner = manner.unwrap_or_else(|| Manner::answers(200, "ok"));
        let said = match manner {
            Manner::Answers(said) => said,
            Manner::Computes(answer) => answer(&asked),
            other => return misbehave(other, &mut stream).await,
        };
        stream.write_all(&head(&said, asked.method != "HEAD")).await?;
    }
    Ok(())
}

/// The next request on a connection; none at its end.
async fn request(
    stream: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> io::Result<Option<Asked>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<_> =
        headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let mut asked = Asked { method, target, headers, body: Vec::new() };
    let length = asked.header("content-length").map_or(0, |value| value.parse().unwrap());
    while read.len() < end + 4 + length {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    asked.body = read[end + 4..end + 4 + length].to_vec();
    read.drain(..end + 4 + length);
    Ok(Some(asked))
}

fn head(said: &Said, with_body: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Said\r\n", said.status);
    for (name, value) in &said.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\n\r\n", said.body.len()).unwrap();
    let mut bytes = head.into_bytes();
    if with_body {
        bytes.extend(&said.body);
    }
    bytes
}
