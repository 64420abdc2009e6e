//! One policy call with capabilities that do nothing: a fresh instance of the default refresh
//! policy, which asks for a setting and accepts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_host::contract::Slot;
use auth_host::contract::{Attempt, Refresh, Request};
use auth_host::policy::runtime::{Code, Generation, call};

use crate::native;
use crate::setup::Service;
use crate::{median, summary};

const CALLS: usize = 20_000;
const ROUNDS: usize = 5;
const THREAD_TIME: Duration = Duration::from_millis(700);

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = runtime.block_on(Service::start());
    let component = service.app.generations.current(Slot::Refresh).unwrap();
    let native = Arc::new(Generation {
        identity: Arc::clone(&component.identity),
        code: Arc::new(Code::Native(Arc::new(native::Refresh))),
        profile: Arc::clone(&component.profile),
        limits: Arc::clone(&component.limits),
        counts: Arc::clone(&component.counts),
    });
    println!(
        "one policy call, fresh instance, no-op capabilities ({ROUNDS} alternating rounds of \
         {CALLS}; microseconds)"
    );
    println!(
        "| policy | mean | p50 | p99 | calls/s, 1 thread | 2 threads | scaling \
         |\n|---|---|---|---|---|---|---|"
    );
    for (name, generation) in [("component", component), ("native", native)] {
        let rounds: Vec<(f64, f64, f64)> = (0..ROUNDS)
            .map(|_| runtime.block_on(one_thread(&service, &generation, CALLS)))
            .collect();
        let [mean, p50, p99] =
            [|r: &(f64, f64, f64)| r.0, |r: &(f64, f64, f64)| r.1, |r: &(f64, f64, f64)| r.2]
                .map(|pick| median(&rounds.iter().map(pick).collect::<Vec<_>>()));
        let rates: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| (threads(&service, &generation, 1), threads(&service, &generation, 2)))
            .collect();
        let (one, two) = (
            median(&rates.iter().map(|rate| rate.0).collect::<Vec<_>>()),
            median(&rates.iter().map(|rate| rate.1).collect::<Vec<_>>()),
        );
        println!(
            "| {name} | {mean:.1} | {p50:.1} | {p99:.1} | {one:.0} | {two:.0} | {:.2} |",
            two / one
        );
    }
    println!();
    runtime.block_on(service.stop());
}

pub async fn one_thread(
    service: &Service,
    generation: &Generation,
    calls: usize,
) -> (f64, f64, f64) {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let started = Instant::now();
        one(service, generation).await;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    summary(&mut times)
}

async fn one(service: &Service, generation: &Generation) {
    let request = Request {
        id: "bench".into(),
        traceparent: String::new(),
        address: None,
        user_agent: None,
        received_at: 0,
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
    let services = &service.app.services;
    call::<Refresh>(generation, services, request, Attempt::default(), deadline, None)
        .await
        .unwrap();
}

/// Calls a second of so many threads, each with a runtime of its own.
fn threads(service: &Service, generation: &Generation, threads: usize) -> f64 {
    let started = Instant::now();
    let counts = std::thread::scope(|scope| {
        let work = || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut count = 0_u64;
                while started.elapsed() < THREAD_TIME {
                    one(service, generation).await;
                    count += 1;
                }
                count
            })
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    counts as f64 / started.elapsed().as_secs_f64()
}
