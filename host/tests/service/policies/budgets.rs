//! What all calls share: memory, processors, and the threads of the host. A policy that takes what
//! it can harms its own slot, and not the others.

use std::fmt::Write as _;

use auth_host::contract::Slot;
use auth_host::policy::pack;
use auth_host::policy::runtime::worker_threads;
use serde_json::json;
use tokio::task::JoinHandle;
use wit_component::{StringEncoding, embed_component_metadata};

use crate::support::{Person, TestService, eventually, guest_manifest, in_time, wit};

/// The least that can be set: room for two logins of 12 MiB beside what refreshes have.
const BUDGET: u64 = 96 << 20;

/// Sends so many logins at once; each gives its status and its code.
fn logins(service: &TestService, person: &Person, count: usize) -> Vec<JoinHandle<(u16, String)>> {
    let body = json!({ "email": person.email, "password": person.password });
    let login = service.request("POST", "/auth/login").json(&body);
    let send = || {
        let login = login.try_clone().unwrap();
        tokio::spawn(async move {
            let answer = login.send().await.unwrap();
            let retry_after = answer.headers().contains_key("retry-after");
            let status = answer.status().as_u16();
            assert_eq!(retry_after, status == 503);
            let body: serde_json::Value = answer.json().await.unwrap();
            (status, body["code"].as_str().unwrap_or_default().to_owned())
        })
    };
    (0..count).map(|_| send()).collect()
}

#[tokio::test]
async fn what_does_not_fit_into_the_memory_for_policies_is_busy_and_refreshes_go_on() {
    let service = TestService::with()
        .guest(Slot::Login, "large_memory")
        .setting("POLICY_MEMORY_BYTES", &BUDGET.to_string())
        .setting("PASSWORD_HASH_THREADS", "1")
        .setting("HTTP_SERVER_TIMEOUT", "60s")
        .start()
        .await;
    let (person, mut tokens) = service.newcomer("leo").await;
    let resident = service.count("auth_policy_memory_charged_bytes", &[]).await;
    let busy = service.busy_hash_thread().await;
    let logins = logins(&service, &person, 80);
    eventually("78 answers", async || {
        let charged = service.count("auth_policy_memory_charged_bytes", &[]).await;
        assert!(charged <= BUDGET, "{charged} bytes are charged");
        tokens = service.refresh(&tokens.refresh).await.tokens();
        (logins.iter().filter(|login| login.is_finished()).count() >= 78).then_some(())
    })
    .await;
    assert!(service.count("auth_policy_memory_charged_bytes", &[]).await >= resident + (24 << 20));
    assert!(!busy.is_finished(), "the thread was not busy long enough for this test");
    let mut answers = Vec::new();
    for login in logins {
        answers.push(in_time("a login", login).await.unwrap());
    }
    let count = |status, code: &str| {
        answers.iter().filter(|answer| **answer == (status, code.to_owned())).count()
    };
    assert_eq!((count(200, ""), count(503, "busy")), (2, 78), "{answers:?}");
    busy.await.unwrap();
    let faults = service.count("auth_policy_faults_total", &[]).await;
    assert_eq!(faults, 0, "a full machine is no fault of the policy");
    assert_eq!(service.count("auth_policy_memory_charged_bytes", &[]).await, resident);
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn while_eighty_logins_loop_refreshes_go_on() {
    assert!(worker_threads() >= 3);
    let service = TestService::with()
        .guest(Slot::Login, "endless_loop")
        .setting("AUTH_REFRESH_ROTATIONS_PER_MINUTE", "1000000")
        .start()
        .await;
    let (person, mut tokens) = service.newcomer("leo").await;
    let logins = logins(&service, &person, 80);
    eventually("logins that run", async || {
        (service.count("auth_policy_cpu_ticks_total", &[("slot", "login")]).await > 0
            || logins.iter().any(|login| !login.is_finished()))
        .then_some(())
    })
    .await;
    let mut served = 0;
    while !logins.iter().all(JoinHandle::is_finished) {
        tokens = service.refresh(&tokens.refresh).await.tokens();
        assert_eq!(service.get("/healthz").await.status, 200);
        served += 1;
    }
    assert!(served >= 2, "nothing was served while the policies looped");
    for login in logins {
        let (status, code) = login.await.unwrap();
        assert_eq!(status, 503);
        // Most hardly ran: the processors were taken.
        assert!(["policy_fault", "busy"].contains(&code.as_str()), "{code}");
    }
    service.stop().await;
}

/// A login policy that asks for the time so many times, without a loop, and then gives up.
fn straight_line(calls: usize) -> Vec<u8> {
    let mut text = r#"(module
        (import "auth:policy/clock@0.2.0" "now" (func $now (result i64)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "auth:policy/login@0.2.0#login") (param i32) (result i32)"#
        .to_owned();
    for _ in 0..calls {
        text.write_str(" (drop (call $now))").unwrap();
    }
    text.push_str(" unreachable))");
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("policy.wit", &wit("policy.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("login-policy")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    pack::pack(&module, &guest_manifest("endless_loop")).unwrap()
}

/// The engine looks at its clock in loops and at the beginning of functions: here are none.
#[tokio::test]
async fn a_straight_line_of_host_calls_is_ended() {
    let component = straight_line(110_000);
    // One function of that length takes the compiler more than admission allows by default.
    let service = TestService::with()
        .setting("POLICY_ADMISSION_MEMORY_MIB", "4096")
        .component(Slot::Login, &component)
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "policy_fault");
    assert_eq!(ended_early(&service).await, 1, "it ran to its end");
    service.stop().await;
}

/// They count, though they are not among the counted calls.
#[tokio::test]
async fn getters_count_as_entries_into_the_host() {
    let service = TestService::with().guest(Slot::Login, "getter_flood").start().await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "policy_fault");
    assert_eq!(ended_early(&service).await, 1);
    service.stop().await;
}

/// How many calls were ended for their entries; or, on a slow machine, for the time of so many.
async fn ended_early(service: &TestService) -> u64 {
    let metrics = service.metrics().await;
    let ended = ["host_calls", "deadline"].map(|cause| {
        metrics.sum("auth_policy_faults_total", &[("slot", "login"), ("cause", cause)])
    });
    ended.iter().sum()
}
