//! What all clients of a storm share: where the service is, whether it is over, and what they saw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::people::Attempt;
use super::{forces, wire};
use crate::support::in_time;

/// The gateway gives up after that.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// No storm takes longer to come up.
const COMES_UP: Duration = Duration::from_mins(1);
/// Who does not go when the people do.
const STRANGERS: [&str; 4] = ["crawlers' connections", "idle connections", "login flood", "loops"];

/// How strong a storm.
pub(super) struct Scale {
    /// `STORM_SECONDS`.
    pub(super) time: Duration,
    /// `STORM_CRAWLING`: clients that send half heads, send slow bodies, read slowly.
    pub(super) crawling: usize,
    /// `STORM_IDLE`: connections without a request.
    pub(super) idle: usize,
    /// `STORM_LOGINS`: logins a second.
    pub(super) logins: u32,
    /// `STORM_LOOPS`: registrations at once whose policy loops.
    pub(super) loops: usize,
    /// `STORM_SESSIONS`: people who refresh.
    pub(super) sessions: usize,
    /// `STORM_COMPILE_MIB`: code of the component that takes long to compile.
    pub(super) compile_mebibytes: usize,
    /// `STORM_MEMORY_MIB`: the bound of the process's memory; `mem_limit` of `docker-compose.yml`.
    pub(super) memory_mebibytes: u64,
    /// `STORM_STRICT`: times are held to their bounds.
    pub(super) strict: bool,
}

impl Scale {
    pub(super) fn read() -> Self {
        let number = |name: &str, short| {
            std::env::var(name).map_or(short, |value| value.parse::<usize>().unwrap())
        };
        Self {
            time: Duration::from_secs(number("STORM_SECONDS", 15) as u64),
            crawling: number("STORM_CRAWLING", 1000),
            idle: number("STORM_IDLE", 5000),
            logins: u32::try_from(number("STORM_LOGINS", 200)).unwrap(),
            loops: number("STORM_LOOPS", 8),
            sessions: number("STORM_SESSIONS", 20),
            compile_mebibytes: number("STORM_COMPILE_MIB", 4),
            memory_mebibytes: number("STORM_MEMORY_MIB", 512) as u64,
            strict: number("STORM_STRICT", 0) == 1,
        }
    }
}

/// What clients of one kind saw.
#[derive(Default, Clone)]
pub(super) struct Tally {
    /// By status, or by what came instead of an answer.
    pub(super) outcomes: BTreeMap<String, usize>,
    /// The times of the answers with status 200.
    pub(super) times: Vec<Duration>,
}

/// All clients hold one.
#[derive(Clone)]
pub(super) struct Scene(Arc<Shared>);

struct Shared {
    address: String,
    tallies: Mutex<BTreeMap<&'static str, Tally>>,
    /// People have seen enough.
    enough: CancellationToken,
    /// Strangers go, too.
    over: CancellationToken,
    strangers: TaskTracker,
    /// Connections that the gateway has used once and leaves open.
    left: Mutex<Vec<TcpStream>>,
}

impl Scene {
    pub(super) fn new(address: &str) -> Self {
        Self(Arc::new(Shared {
            address: address.to_owned(),
            tallies: Mutex::default(),
            enough: CancellationToken::new(),
            over: CancellationToken::new(),
            strangers: TaskTracker::new(),
            left: Mutex::default(),
        }))
    }

    pub(super) fn address(&self) -> &str {
        &self.0.address
    }

    /// Afterwards strangers see the end of the service: that says nothing.
    pub(super) fn count(&self, kind: &'static str, outcome: &str) {
        if self.has_enough() && STRANGERS.contains(&kind) {
            return;
        }
        let mut tallies = self.0.tallies.lock().unwrap();
        *tallies.entry(kind).or_default().outcomes.entry(outcome.to_owned()).or_default() += 1;
    }

    /// A figure of the service's own; the highest stays.
    pub(super) fn note(&self, figure: &str, number: usize) {
        let mut tallies = self.0.tallies.lock().unwrap();
        let tally = tallies.entry(forces::FIGURES).or_default();
        let highest = tally.outcomes.entry(figure.to_owned()).or_default();
        *highest = number.max(*highest);
    }

    /// Asks on a connection of its own, as the gateway does, and counts what comes of it; none if
    /// there was no answer.
    pub(super) async fn ask(
        &self,
        kind: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let begun = Instant::now();
        let asked = timeout(PATIENCE, wire::ask(self.address(), path, body)).await;
        let (status, body, stream) = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(fault)) => {
                self.count(kind, &format!("{:?}", fault.kind()));
                return None;
            }
            Err(_) => {
                self.count(kind, "no answer in time");
                return None;
            }
        };
        self.count(kind, &status.to_string());
        if status == 200 {
            let mut tallies = self.0.tallies.lock().unwrap();
            tallies.entry(kind).or_default().times.push(begun.elapsed());
        }
        if kind == "refresh" {
            self.0.left.lock().unwrap().push(stream);
        }
        Some((status, body))
    }

    /// Runs until the storm is over.
    pub(super) fn stranger(&self, life: impl Future<Output = ()> + Send + 'static) {
        let over = self.0.over.clone();
        self.0.strangers.spawn(async move {
            over.run_until_cancelled(life).await;
        });
    }

    pub(super) fn has_enough(&self) -> bool {
        self.0.enough.is_cancelled()
    }

    /// Waits, or less if it is over.
    pub(super) async fn pause(&self, time: Duration) {
        self.0.enough.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    /// Waits until each force has acted, people got enough answers to say something, or nobody can
    /// expect it any more: the verdict says what is missing.
    pub(super) async fn comes_up(&self, scale: &Scale) {
        let end = Instant::now() + COMES_UP;
        while Instant::now() < end {
            if forces::missing(&self.0.tallies.lock().unwrap(), scale).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// People stop asking; the tokens and registrations that they have got.
    pub(super) async fn conclude(
        &self,
        refreshing: Vec<JoinHandle<String>>,
        registering: Vec<JoinHandle<Vec<Attempt>>>,
    ) -> (Vec<String>, Vec<Attempt>) {
        self.0.enough.cancel();
        let (mut tokens, mut attempts) = (Vec::new(), Vec::new());
        for task in refreshing {
            tokens.push(in_time("a refresh", task).await.unwrap());
        }
        for task in registering {
            attempts.extend(in_time("a registration", task).await.unwrap());
        }
        (tokens, attempts)
    }

    /// Strangers go.
    pub(super) async fn end(&self) -> BTreeMap<&'static str, Tally> {
        self.0.over.cancel();
        self.0.strangers.close();
        in_time("the strangers", self.0.strangers.wait()).await;
        self.0.left.lock().unwrap().clear();
        self.0.tallies.lock().unwrap().clone()
    }
}
