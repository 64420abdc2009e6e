//! A request to another service on a connection that is kept: as `http.send` in a policy call, and
//! with the bare client, in turn, to the same server on loopback. The policy is compiled in: what a
//! component costs is measured by `calls`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_host::capabilities::CallState;
use auth_host::contract::bindings::types::Rejection;
use auth_host::contract::bindings::{http, refreshing};
use auth_host::contract::{Attempt, Grants, Identity, Manifest, Refresh, Request, Slot};
use auth_host::policy::runtime::{Code, Decided, Decision, Generation, NativePolicy, call};
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wasmtime::component::Resource;

use crate::setup::Service;
use crate::{median, summary};

const CALLS: usize = 3_000;
const ROUNDS: usize = 5;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asks = generation(&service, address, true);
        let silent = generation(&service, address, false);
        println!(
            "a request on a kept connection ({ROUNDS} alternating rounds of {CALLS}; \
             microseconds)\n| what | mean | p50 | p99 |\n|---|---|---|---|"
        );
        let mut rounds = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            rounds[0].push(times(async || bare(&client, address).await).await);
            rounds[1].push(times(async || one(&service, &asks).await).await);
            rounds[2].push(times(async || one(&service, &silent).await).await);
        }
        let names = ["the bare client", "a policy call with `http.send`", "a policy call without"];
        for (name, rounds) in names.into_iter().zip(&rounds) {
            let [mean, p50, p99] =
                [|r: &(f64, f64, f64)| r.0, |r: &(f64, f64, f64)| r.1, |r: &(f64, f64, f64)| r.2]
                    .map(|pick| median(&rounds.iter().map(pick).collect::<Vec<_>>()));
            println!("| {name} | {mean:.1} | {p50:.1} | {p99:.1} |");
        }
        println!("ratio of the medians, round by round: {}\n", ratios(&rounds[1], &rounds[0]));
        server.abort();
        service.stop().await;
    });
}

fn ratios(of: &[(f64, f64, f64)], to: &[(f64, f64, f64)]) -> String {
    let ratio = |(of, to): (&(f64, f64, f64), &(f64, f64, f64))| format!("{:.2}", of.1 / to.1);
    of.iter().zip(to).map(ratio).collect::<Vec<_>>().join(" ")
}

async fn times(mut work: impl AsyncFnMut()) -> (f64, f64, f64) {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        work().await;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    summary(&mut times)
}

async fn bare(client: &reqwest::Client, address: SocketAddr) {
    let answer = client.get(format!("http://{address}/")).send().await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), "ok");
}

async fn one(service: &Service, generation: &Generation) {
    let request = Request {
        id: "bench".into(),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        address: None,
        user_agent: None,
        received_at: 0,
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
    let services = &service.app.services;
    let called =
        call::<Refresh>(generation, services, request, Attempt::default(), deadline, None).await;
    assert!(matches!(called.unwrap().0, Decision::Accepted(_)));
}

/// A policy that may ask this server.
fn generation(service: &Service, address: SocketAddr, sends: bool) -> Generation {
    let component = service.app.generations.current(Slot::Refresh).unwrap();
    let manifest = json!({
        "name": "asks", "version": "1", "slot": "refresh",
        "asks": { "interfaces": ["http"], "http": [format!("GET http://{address} private")] },
    });
    let manifest = Manifest::read(manifest.to_string().as_bytes()).unwrap();
    let grants = Grants::asked(&manifest, []);
    let identity = Identity {
        slot: Slot::Refresh,
        release: 1,
        digest: String::new(),
        manifest,
        settings: Map::new(),
        grants,
    };
    let url = sends.then(|| format!("http://{address}/"));
    Generation {
        identity: Arc::new(identity),
        code: Arc::new(Code::Native(Arc::new(Asks { url }))),
        profile: Arc::clone(&component.profile),
        limits: Arc::clone(&component.limits),
        counts: Arc::clone(&component.counts),
    }
}

struct Asks {
    url: Option<String>,
}

impl NativePolicy for Asks {
    fn call<'a>(&'a self, state: &'a mut CallState) -> Decided<'a> {
        Box::pin(async move {
            if let Some(url) = &self.url {
                ask(state, url.clone()).await?;
            }
            Ok::<_, wasmtime::Error>(Ok::<_, Rejection>(
                refreshing::HostAcceptance::new(state)?.rep(),
            ))
        })
    }
}

async fn ask(state: &mut CallState, url: String) -> wasmtime::Result<()> {
    let request = http::HostRequest::new(state, "GET".into(), url)?;
    let response = http::Host::send(state, request).await;
    let response = response.map_err(|failure| wasmtime::format_err!("{failure:?}"))?;
    let body = http::HostResponse::body(state, Resource::new_borrow(response.rep()))?;
    assert_eq!(body, b"ok");
    http::HostResponse::drop(state, response)
}

async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream));
    }
}

/// Answers each request, until its connection ends.
async fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|bytes| bytes > 0) {
        if read.ends_with(b"\r\n\r\n") {
            read.clear();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
