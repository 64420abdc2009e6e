//! Requests a second and their latency, through the component and through the same policy in Rust,
//! in alternating rounds of one run.

use std::sync::Arc;
use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::policy::runtime::{Code, Generation, NativePolicy};
use serde_json::{Value, json};

use crate::load::{Connection, round};
use crate::setup::{PASSWORD, Service};
use crate::{hashing, median, native, summary};

const CLIENTS: usize = 16;
/// Even, so that each side comes first as often as the other.
const ROUNDS: usize = 16;
const TIME: Duration = Duration::from_millis(1500);

pub fn refresh() {
    measure(Slot::Refresh, native::Refresh, "/auth/refresh", next_refresh, false);
}

/// Beside the hashes a second that the processors could do at most.
pub fn login() {
    measure(Slot::Login, native::Login, "/auth/login", |body| body, true);
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a request made from the last answer takes its place"
)]
pub fn next_refresh(answer: String) -> String {
    let answer: Value = serde_json::from_str(&answer).unwrap();
    json!({ "refresh_token": answer["refresh_token"] }).to_string()
}

fn measure(
    slot: Slot,
    policy: impl NativePolicy + 'static,
    path: &'static str,
    next: fn(String) -> String,
    raw: bool,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start().await;
        let mut clients = clients(&service, slot, CLIENTS).await;
        let component = service.app.generations.current(slot).unwrap();
        let native = Arc::new(Generation {
            identity: Arc::clone(&component.identity),
            code: Arc::new(Code::Native(Arc::new(policy))),
            profile: Arc::clone(&component.profile),
            limits: Arc::clone(&component.limits),
            counts: Arc::clone(&component.counts),
        });
        let sides = [("component", component), ("native", native)];
        let mut results: [Vec<(f64, f64, f64)>; 2] = Default::default();
        let mut hashes = Vec::new();
        for number in 0..=ROUNDS {
            // The order changes every second round; round 0 warms up and does not count.
            for side in if number % 2 == 0 { [0, 1] } else { [1, 0] } {
                service.app.generations.swap(Arc::clone(&sides[side].1));
                let mut done = round(&mut clients, path, TIME, next).await;
                let (_, p50, p99) = summary(&mut done.microseconds);
                if number > 0 {
                    results[side].push((done.per_second, p50, p99));
                }
            }
            if raw && number > 0 {
                hashes.push(tokio::task::spawn_blocking(hashing::measure).await.unwrap());
            }
        }
        print(path, &results, &hashes);
        service.stop().await;
    });
}

/// Each refreshes so often that together they do so many.
pub async fn refreshes(clients: &mut Vec<(Connection, String)>, together: usize) {
    let each = together / clients.len();
    let mut tasks = tokio::task::JoinSet::new();
    for (mut connection, mut body) in clients.drain(..) {
        tasks.spawn(async move {
            for _ in 0..each {
                body = next_refresh(connection.post("/auth/refresh", &body).await);
            }
            (connection, body)
        });
    }
    while let Some(done) = tasks.join_next().await {
        clients.push(done.unwrap());
    }
}

pub async fn clients(service: &Service, slot: Slot, count: usize) -> Vec<(Connection, String)> {
    let mut clients = Vec::new();
    for number in 0..count {
        let mut connection = Connection::open(service.address).await;
        let email = format!("client-{number}@example.com");
        let account =
            json!({ "email": email, "password": PASSWORD, "phone": "+79999999999", "name": "Leo" })
                .to_string();
        let answer = connection.post("/auth/register", &account).await;
        let body = if slot == Slot::Refresh {
            next_refresh(answer)
        } else {
            json!({ "email": email, "password": PASSWORD }).to_string()
        };
        clients.push((connection, body));
    }
    clients
}

fn print(path: &str, results: &[Vec<(f64, f64, f64)>; 2], hashes: &[f64]) {
    println!(
        "POST {path}, {CLIENTS} connections, SQLite with synchronous=FULL ({ROUNDS} alternating \
         rounds of {} ms; medians)",
        TIME.as_millis()
    );
    println!("| policy | requests/s | p50 ms | p99 ms |\n|---|---|---|---|");
    for (name, rounds) in ["component", "native"].iter().zip(results) {
        let pick = |pick: fn(&(f64, f64, f64)) -> f64| {
            median(&rounds.iter().map(pick).collect::<Vec<_>>())
        };
        println!(
            "| {name} | {:.0} | {:.2} | {:.2} |",
            pick(|r| r.0),
            pick(|r| r.1) / 1e3,
            pick(|r| r.2) / 1e3
        );
    }
    let component: Vec<f64> = results[0].iter().map(|round| round.0).collect();
    let native: Vec<f64> = results[1].iter().map(|round| round.0).collect();
    ratio("component / native", &component, &native);
    if !hashes.is_empty() {
        println!("raw argon2id rate of the processors: {:.1}/s", median(hashes));
        ratio("login / raw argon2id", &component, hashes);
    }
    println!();
}

fn ratio(name: &str, above: &[f64], below: &[f64]) {
    let mut ratios: Vec<f64> =
        above.iter().zip(below).map(|(above, below)| above / below).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "{name}, round by round: median {:.3} (from {:.3} to {:.3})",
        median(&ratios),
        ratios[0],
        ratios[ratios.len() - 1]
    );
}
