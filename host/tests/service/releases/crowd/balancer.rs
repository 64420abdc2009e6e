//! What stands between clients and replicas, as a load balancer does: it asks each replica again
//! and again whether it should get requests, and hands out those that said yes in turn.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::support::{Answer, eventually, in_time};

const PROBE: Duration = Duration::from_millis(50);
/// A replica that does not answer a probe within that time gets no requests.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many probes a request waits for a replica.
const WAITS: u32 = 200;

#[derive(Clone)]
pub(crate) struct Balancer(Arc<Shared>);

struct Shared {
    replicas: Mutex<Vec<Target>>,
    turns: AtomicUsize,
    client: reqwest::Client,
}

/// A replica that may be asked.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    ready: AtomicBool,
    leaving: AtomicBool,
    forgotten: AtomicBool,
}

impl Target {
    /// Whether it was told to stop, or killed: a request to it may go unanswered.
    pub(crate) fn is_leaving(&self) -> bool {
        self.state.leaving.load(Ordering::SeqCst)
    }
}

impl Balancer {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let (replicas, turns) = (Mutex::default(), AtomicUsize::new(0));
        Self(Arc::new(Shared { replicas, turns, client }))
    }

    /// Takes a replica in, and goes on once it is ready.
    pub(crate) async fn take_in(&self, name: &'static str, address: &str) {
        let target = Target { name, address: address.to_owned(), state: Arc::<State>::default() };
        tokio::spawn(probe(self.0.client.clone(), target.clone()));
        self.0.replicas.lock().unwrap().push(target.clone());
        eventually("a replica that is ready", async || {
            target.state.ready.load(Ordering::SeqCst).then_some(())
        })
        .await;
    }

    /// It is told to stop: what it leaves unanswered from now on is no failure. It gets requests
    /// for as long as it says that it should.
    pub(crate) fn leaves(&self, name: &'static str) {
        self.of(name).state.leaving.store(true, Ordering::SeqCst);
    }

    /// It is gone.
    pub(crate) fn forget(&self, name: &'static str) {
        self.of(name).state.forgotten.store(true, Ordering::SeqCst);
        self.0.replicas.lock().unwrap().retain(|target| target.name != name);
    }

    /// For requests past it.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    /// A request to a replica that the caller chooses.
    pub(crate) async fn post(&self, name: &'static str, endpoint: &str, body: &Value) -> Answer {
        let url = format!("http://{}/auth/{endpoint}", self.of(name).address);
        let request = self.client().post(url).json(body);
        let response = in_time("an answer", request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn of(&self, name: &'static str) -> Target {
        let replicas = self.0.replicas.lock().unwrap();
        replicas.iter().find(|target| target.name == name).unwrap().clone()
    }

    /// The next that is ready; who waits for one for long gets none.
    pub(super) async fn next(&self) -> Option<Target> {
        for _ in 0..WAITS {
            if let Some(target) = self.next_now() {
                return Some(target);
            }
            sleep(PROBE).await;
        }
        None
    }

    fn next_now(&self) -> Option<Target> {
        let replicas = self.0.replicas.lock().unwrap();
        let is_ready = |target: &&Target| target.state.ready.load(Ordering::SeqCst);
        let ready: Vec<_> = replicas.iter().filter(is_ready).collect();
        let turn = self.0.turns.fetch_add(1, Ordering::SeqCst);
        (!ready.is_empty()).then(|| ready[turn % ready.len()].clone())
    }
}

async fn probe(client: reqwest::Client, target: Target) {
    while !target.state.forgotten.load(Ordering::SeqCst) {
        let asked = client.get(format!("http://{}/readyz", target.address)).send().await;
        let ready = asked.is_ok_and(|answer| answer.status() == 200);
        target.state.ready.store(ready, Ordering::SeqCst);
        sleep(PROBE).await;
    }
}
