//! Ending: by signal, in order, and with an exit code that says how.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Metrics, Person, Process, Raw, eventually, in_time};

async fn ready(process: &Process) -> u16 {
    reqwest::get(format!("http://{}/readyz", process.address)).await.unwrap().status().as_u16()
}

async fn post(process: &Process, path: &str, body: &Value) -> u16 {
    let request =
        reqwest::Client::new().post(format!("http://{}{path}", process.address)).json(body);
    in_time("an answer", request.send()).await.unwrap().status().as_u16()
}

async fn hashes_begun(process: &Process) -> u64 {
    let text = reqwest::get(format!("http://{}/metrics", process.address))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    Metrics::parse(&text).sum("auth_password_hash_wait_seconds_count", &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_in_flight_is_finished_and_readiness_turns_off_first() {
    let (_folder, mut settings) = Process::home().await;
    // A hash that outlives the delay by far.
    for (name, value) in [
        ("PASSWORD_HASH_MEMORY_KIB", "38912"),
        ("PASSWORD_HASH_ITERATIONS", "100"),
        ("HTTP_SERVER_TIMEOUT", "60s"),
        ("HTTP_SERVER_SHUTDOWN_DELAY", "500ms"),
        ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "60s"),
    ] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    let process = Process::serving(&settings).await;
    let person = Person::new("leo");
    assert_eq!(post(&process, "/auth/register", &person.form()).await, 200);
    let body = json!({ "email": person.email, "password": person.password });
    let login = tokio::spawn(
        reqwest::Client::new()
            .post(format!("http://{}/auth/login", process.address))
            .json(&body)
            .send(),
    );
    eventually("the login's hash", async || (hashes_begun(&process).await >= 2).then_some(()))
        .await;
    process.terminate();
    eventually("a readiness that is off", async || (ready(&process).await == 503).then_some(()))
        .await;
    assert!(!login.is_finished(), "the login was too fast for this test");
    assert_eq!(in_time("the login", login).await.unwrap().unwrap().status(), 200);
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    assert!(!outcome.log.contains(&person.password));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (_folder, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_SHUTDOWN_DELAY".to_owned(), "600s".to_owned());
    let process = Process::serving(&settings).await;
    process.terminate();
    eventually("the first signal's effect", async || (ready(&process).await == 503).then_some(()))
        .await;
    // Within a second of the first it would be the same signal told again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(4));
}

#[tokio::test]
async fn a_request_that_hangs_is_cut_off_at_the_time_limit() {
    let (_folder, mut settings) = Process::home().await;
    for (name, value) in [
        ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "300ms"),
        ("HTTP_SERVER_READ_TIMEOUT", "60s"),
        ("HTTP_SERVER_TIMEOUT", "60s"),
    ] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    let process = Process::serving(&settings).await;
    let mut raw = Raw::connect(&process.address).await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
                application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    raw.send(head.as_bytes()).await.unwrap();
    // The body is asked for: the request is in flight.
    assert_eq!(raw.answer().await.status, 100);
    process.terminate();
    assert_eq!(process.ended().await.code, Some(3));
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let (_folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    let (mut served, mut silent) =
        (Raw::connect(&process.address).await, Raw::connect(&process.address).await);
    served.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    assert_eq!(served.answer().await.status, 200);
    process.interrupt();
    assert_eq!(process.ended().await.code, Some(0));
    served.ended().await;
    silent.ended().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_its_event_is_delivered() {
    let (folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    let people: Vec<_> = (0..5).map(|number| Person::new(&format!("person{number}"))).collect();
    for person in &people {
        assert_eq!(post(&process, "/auth/register", &person.form()).await, 200);
    }
    process.kill();
    assert_eq!(process.ended().await.code, None);
    let process = Process::serving(&settings).await;
    for person in &people {
        assert_eq!(
            post(
                &process,
                "/auth/login",
                &json!({ "email": person.email, "password": person.password })
            )
            .await,
            200
        );
        let delivered = async || {
            let text = std::fs::read_to_string(folder.path().join("data/events.jsonl"))
                .unwrap_or_default();
            text.contains(&person.email).then_some(())
        };
        eventually("the event of an account", delivered).await;
    }
    tokio::time::timeout(Duration::from_secs(1), async { process.terminate() }).await.unwrap();
    assert_eq!(process.ended().await.code, Some(0));
}
