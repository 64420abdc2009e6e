//! What a trial costs: to find out who decides about a request; refreshes and logins beside a
//! shadow of none, a tenth and all of the calls, in turn in one run; and how long it takes until a
//! candidate that is taken out decides about nobody on any of three replicas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_host::contract::Slot;
use auth_host::policy::health::Subject;
use auth_host::policy::rollout::Trial;
use auth_host::store::registry::{
    Change, NewRelease, RolloutChange, RolloutMode, RolloutPlan, WHOLE,
};

use crate::cost::processor_time;
use crate::load::round;
use crate::setup::Service;
use crate::{endpoints, median, stores, summary};

const CLIENTS: usize = 8;
const ROUNDS: usize = 9;
const TIME: Duration = Duration::from_millis(1500);
/// Of the calls, in hundredths of a percent.
const SAMPLES: [u32; 3] = [0, 1_000, WHOLE];
const ROUTINGS: usize = 1_000_000;
/// What is counted is written once a second.
const WRITTEN: Duration = Duration::from_millis(1500);
const EXITS: usize = 20;
const PATIENCE: Duration = Duration::from_mins(1);

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        routing().await;
        shadow(Slot::Refresh, "/auth/refresh", endpoints::next_refresh).await;
        shadow(Slot::Login, "/auth/login", |body| body).await;
        exits().await;
    });
}

async fn routing() {
    let service = Service::start().await;
    let slot = Slot::Login;
    let people: Vec<Subject> =
        (0..1_000).map(|number| Subject::Email(format!("person-{number}@example.com"))).collect();
    println!("who decides about a request ({ROUTINGS} times, one thread; nanoseconds)");
    let without = route(&service, slot, &people);
    let release = candidate(&service, slot).await;
    begin(&service, slot, release, RolloutMode::Share, 1_000).await;
    let with = route(&service, slot, &people);
    println!("no trial: {without:.0}; a share of 10 %: {with:.0} (the bar: 1,000)\n");
    service.stop().await;
}

/// As a decision does it: see `decisions/asking.rs`.
fn route(service: &Service, slot: Slot, people: &[Subject]) -> f64 {
    let (generations, services) = (&service.app.generations, &service.app.services);
    let mut rounds = [0.0; ROUNDS];
    for nanoseconds in &mut rounds {
        let began = Instant::now();
        for number in 0..ROUTINGS / ROUNDS {
            let active = generations.current(slot).unwrap();
            let trial = generations.trial(&active);
            let person = &people[number % people.len()];
            let key = &services.keys.policy_share;
            let candidate = trial.as_ref().filter(|trial| trial.takes(key, person));
            let generation = candidate.map_or(active, |trial| Arc::clone(&trial.generation));
            std::hint::black_box((generation, trial));
        }
        *nanoseconds = began.elapsed().as_secs_f64() * 1e9 / (ROUTINGS / ROUNDS) as f64;
    }
    median(&rounds)
}

/// What a round came to.
struct Done {
    per_second: f64,
    p99: f64,
    processor: f64,
    /// The part of the calls that a shadow followed.
    followed: f64,
}

async fn shadow(slot: Slot, path: &'static str, next: fn(String) -> String) {
    let service = Service::start().await;
    let release = candidate(&service, slot).await;
    let mut clients = endpoints::clients(&service, slot, CLIENTS).await;
    let mut results: [Vec<Done>; 3] = Default::default();
    for number in 0..=ROUNDS {
        for turn in 0..SAMPLES.len() {
            let which = (number + turn) % SAMPLES.len();
            match SAMPLES[which] {
                0 => end(&service, slot).await,
                share => begin(&service, slot, release, RolloutMode::Shadow, share).await,
            }
            let trial = trial(&service, slot);
            let before = processor_time();
            let mut done = round(&mut clients, path, TIME, next).await;
            let processor = processor_time().saturating_sub(before).as_secs_f64() * 1e6;
            let operations = done.microseconds.len() as f64;
            let followed = followed(&service, trial.as_deref()).await as f64;
            let (_, _, p99) = summary(&mut done.microseconds);
            if number > 0 {
                results[which].push(Done {
                    per_second: done.per_second,
                    p99: p99 / 1e3,
                    processor: processor / operations,
                    followed: followed / operations,
                });
            }
        }
    }
    print(path, &results);
    service.stop().await;
}

/// The calls that a shadow has followed, a moment after the last one.
async fn followed(service: &Service, trial: Option<&Trial>) -> u64 {
    let Some(trial) = trial else { return 0 };
    tokio::time::sleep(WRITTEN).await;
    let differences = service.app.services.store.differences(trial.rollout).await.unwrap();
    let ran = differences.counts.iter().filter(|(kind, _)| !kind.starts_with("skipped"));
    ran.map(|(_, count)| count).sum()
}

fn print(path: &str, results: &[Vec<Done>; 3]) {
    println!(
        "POST {path} beside a shadow, {CLIENTS} connections, SQLite ({ROUNDS} rounds of {} ms in \
         turn; medians, and ratios round by round)",
        TIME.as_millis()
    );
    println!(
        "| sample | requests/s | of without | p99 ms | processor us/request, client and shadow \
         included | of without | followed |\n|---|---|---|---|---|---|---|"
    );
    for (sample, rounds) in SAMPLES.iter().zip(results) {
        let pick = |pick: fn(&Done) -> f64| median(&rounds.iter().map(pick).collect::<Vec<_>>());
        let ratio = |pick: fn(&Done) -> f64| {
            let pairs = rounds.iter().zip(&results[0]);
            median(&pairs.map(|(with, without)| pick(with) / pick(without)).collect::<Vec<_>>())
        };
        println!(
            "| {} % | {:.0} | {:.3} | {:.2} | {:.0} | {:.3} | {:.1} % |",
            sample / 100,
            pick(|done| done.per_second),
            ratio(|done| done.per_second),
            pick(|done| done.p99),
            pick(|done| done.processor),
            ratio(|done| done.processor),
            pick(|done| done.followed) * 100.0
        );
    }
    println!();
}

/// Three replicas in this process, on one database.
async fn exits() {
    let Some((server, _)) = stores::servers() else { return };
    let database = stores::fresh_database(&server).await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Service::start_with(&[("DATABASE_URL", &database)]).await);
    }
    let slot = Slot::Login;
    let release = candidate(&replicas[0], slot).await;
    let mut seconds = Vec::new();
    for _ in 0..EXITS {
        begin(&replicas[0], slot, release, RolloutMode::Share, 1_000).await;
        for replica in &replicas {
            until("all try it", || trial(replica, slot).is_some()).await;
        }
        let began = Instant::now();
        change(&replicas[0], slot, RolloutChange::TakeOut).await;
        for replica in &replicas {
            until("none tries it", || trial(replica, slot).is_none()).await;
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    let (_, p50, p99) = summary(&mut seconds);
    println!(
        "from a verdict to out on all of three replicas, PostgreSQL ({EXITS} times): median \
         {p50:.3} s, slowest {p99:.3} s (the bar: 5)\n"
    );
    for replica in replicas {
        replica.stop().await;
    }
}

/// What serves once more, as another release: its number.
async fn candidate(service: &Service, slot: Slot) -> i64 {
    let store = &service.app.services.store;
    let places = store.places().await.unwrap();
    let active = places.iter().find(|place| place.place == slot.as_str()).unwrap().active;
    let release = store.release(slot.as_str(), active).await.unwrap().unwrap();
    let new = NewRelease {
        place: release.place,
        components: release.components,
        settings: release.settings,
        grants: release.grants,
        source: release.source,
        author: release.author,
        message: "a candidate".to_owned(),
        report: release.report,
    };
    store.release_add(&new).await.unwrap().number
}

/// Begins a trial, or changes it, and goes on once it runs.
async fn begin(service: &Service, slot: Slot, release: i64, mode: RolloutMode, share: u32) {
    let never = ["faults > off", "timeouts > off", "p99 > off", "refusals > off"];
    let plan = RolloutPlan {
        mode,
        share,
        steps: Vec::new(),
        budgets: never.map(str::to_owned).into(),
        least_calls: None,
    };
    let before = trial(service, slot).map(|trial| trial.turn);
    let store = &service.app.services.store;
    let begun = store.deploy_begin(slot.as_str(), release, PATIENCE, Some(&plan), &why()).await;
    begun.unwrap();
    until("the trial runs", || {
        trial(service, slot).is_some_and(|trial| {
            (trial.mode, trial.share) == (mode, share) && Some(trial.turn) != before
        })
    })
    .await;
}

/// Ends a trial, if there is one, and goes on once it does not run.
async fn end(service: &Service, slot: Slot) {
    if trial(service, slot).is_some() {
        change(service, slot, RolloutChange::Abort).await;
        until("the trial has ended", || trial(service, slot).is_none()).await;
    }
}

async fn change(service: &Service, slot: Slot, what: RolloutChange) {
    let store = &service.app.services.store;
    store.rollout_change(slot.as_str(), None, what, PATIENCE, &why(), None).await.unwrap();
}

fn trial(service: &Service, slot: Slot) -> Option<Arc<Trial>> {
    let generations = &service.app.generations;
    generations.trial(&generations.current(slot).unwrap())
}

fn why() -> Change {
    Change { who: "bench".to_owned(), why: "a measurement".to_owned(), details: "{}".to_owned() }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "this did not come about: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
