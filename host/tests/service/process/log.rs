//! The log as an operator's machine reads it: a JSON object a line, each with the id of its
//! request.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Metrics, OwnDatabase, Person, Process, Proxy, eventually, guest};

#[tokio::test]
async fn every_line_of_a_request_carries_its_id() {
    let (folder, mut settings) = Process::home().await;
    settings.insert("LOG_LEVEL".to_owned(), "auth_host=debug".to_owned());
    std::fs::write(folder.path().join("policies/login.wasm"), guest("panics")).unwrap();
    let process = Process::serving(&settings).await;
    let person = Person::new("leo");
    let client = reqwest::Client::new();
    let post = async |path: &str, id: &str, body: &Value| {
        let request = client
            .post(format!("http://{}{path}", process.address))
            .header("x-request-id", id)
            .json(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("/auth/register", "id-of-register", &person.form()).await, 200);
    assert_eq!(
        post(
            "/auth/login",
            "id-of-login",
            &json!({ "email": person.email, "password": person.password })
        )
        .await,
        503
    );
    process.terminate();
    let log = process.ended().await.log;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let with = |text: &str| {
        lines.iter().filter(|line| line.to_string().contains(text)).collect::<Vec<_>>()
    };
    assert!(!with("id-of-register").is_empty());
    // What the guest's panic, the host's verdict on it and the answer left in the log: three lines
    // of one request.
    for text in ["panicked", "the policy failed", "\"status\":503"] {
        let lines = with(text);
        assert!(!lines.is_empty(), "no line holds {text:?}: {log}");
        assert!(
            lines.iter().all(|line| line.to_string().contains("id-of-login")),
            "a line does not tell its request: {lines:?}"
        );
    }
    let verdict = with("the policy failed")[0].to_string();
    for part in ["\"slot\":\"login\"", "\"policy\":\"panics\"", "\"release\":"] {
        assert!(verdict.contains(part), "{part} is missing: {verdict}");
    }
}

async fn dropped(process: &Process) -> u64 {
    let answer = reqwest::get(format!("http://{}/metrics", process.address)).await.unwrap();
    let metrics = Metrics::parse(&answer.text().await.unwrap());
    assert_eq!(metrics.named("auth_log_lines_dropped_total").count(), 1);
    metrics.sum("auth_log_lines_dropped_total", &[])
}

/// Requests until lines were dropped: each is answered.
async fn flood(process: &Process) {
    let client = reqwest::Client::new();
    let url = format!("http://{}/healthz", process.address);
    eventually("lines that are dropped", async || {
        for _ in 0..100 {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        }
        (dropped(process).await > 0).then_some(())
    })
    .await;
}

/// Every step of every request is a line.
async fn talkative() -> (impl Sized, std::collections::HashMap<String, String>) {
    let (home, mut settings) = Process::home().await;
    settings.insert("LOG_LEVEL".to_owned(), "info,hyper=trace,auth_host=trace".to_owned());
    (home, settings)
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_no_request_and_tells_what_it_lost_when_it_is_read() {
    let (_folder, settings) = talkative().await;
    let (process, read) = Process::unread(&settings).await;
    assert_eq!(dropped(&process).await, 0);
    flood(&process).await;
    read.send(()).unwrap();
    eventually("a log that flows again", async || {
        let before = dropped(&process).await;
        (dropped(&process).await == before).then_some(())
    })
    .await;
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0));
    let told: u64 = outcome
        .log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["message"].as_str().unwrap().contains("of the log were dropped"))
        .map(|line| line["lines"].as_u64().unwrap())
        .sum();
    assert!(told > 0, "the log does not tell what it lost");
    assert!(outcome.log.contains("stopped; everything in flight was finished"));
}

#[tokio::test]
async fn a_log_that_nobody_ever_reads_does_not_hold_up_the_end() {
    let (_folder, settings) = talkative().await;
    let (process, _never) = Process::unread(&settings).await;
    flood(&process).await;
    process.terminate();
    assert_eq!(process.ended_unread().await, Some(0));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_harms_nothing() {
    let full: fn() -> Stdio =
        || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let closed: fn() -> Stdio = || Stdio::from(std::io::pipe().unwrap().1);
    let (_folder, settings) = Process::home().await;
    let faulty = [("AUTH_JWT_SECRET".to_owned(), "short".to_owned())];
    let faulty = settings.clone().into_iter().chain(faulty).collect();
    let logs: [(_, fn() -> Stdio); 2] = [("leo", full), ("lea", closed)];
    for (name, log) in logs {
        let process = Process::logging_to(&settings, log()).await;
        let person = Person::new(name).form();
        let url = format!("http://{}/auth/register", process.address);
        let answer = reqwest::Client::new().post(url).json(&person).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(dropped(&process).await > 0);
        process.terminate();
        assert_eq!(process.ended().await.code, Some(0));
        assert_eq!(Process::code(&faulty, &[], log()).await, Some(2));
        assert_eq!(Process::code(&settings, &["outbox", "list"], log()).await, Some(0));
    }
}

#[tokio::test]
async fn a_start_that_fails_says_why_even_if_nobody_listens_at_first() {
    let (_folder, mut settings) = Process::folder();
    settings.insert("HTTP_SERVER_ADDRESS".to_owned(), "nowhere".to_owned());
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.log.ends_with('\n') && outcome.log.contains("HTTP_SERVER_ADDRESS"));
}

/// An outage of the database under many requests: by the log's own clock, a line a second and place
/// and a few more.
#[tokio::test]
async fn an_outage_is_told_once_a_second_and_not_with_every_request() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let (_folder, mut settings) = Process::folder();
    settings.insert("DATABASE_URL".to_owned(), database.of().url_by(proxy.address()));
    let process = Process::serving(&settings).await;
    proxy.refuse();
    let client = reqwest::Client::new();
    let ask = |number: usize| {
        let (client, address) = (&client, &process.address);
        async move {
            let person = Person::new(&format!("person{number}"));
            let login = json!({ "email": person.email, "password": person.password });
            for (path, body) in [("register", person.form()), ("login", login)] {
                let url = format!("http://{address}/auth/{path}");
                let answer = client.post(url).json(&body).send().await.unwrap();
                let answer: Value = answer.json().await.unwrap();
                let code = answer["code"].as_str().unwrap();
                assert!(["unavailable", "timeout"].contains(&code), "{answer}");
            }
        }
    };
    let begun = Instant::now();
    for batch in 0.. {
        futures_util::future::join_all((0..10).map(|number| ask(10 * batch + number))).await;
        // Lines that were left out are told with the next one.
        if batch >= 20 && begun.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    process.terminate();
    let log = process.ended().await.log;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut seconds: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut left_out = 0;
    for line in lines.iter().filter(|line| line["level"] != "INFO") {
        let (time, message) =
            (line["timestamp"].as_str().unwrap(), line["message"].as_str().unwrap());
        let second = time.split_once('.').unwrap().0.to_owned();
        *seconds.entry(message.to_owned()).or_default().entry(second).or_default() += 1;
        left_out += line["left_out"].as_u64().unwrap_or(0);
    }
    for (message, seconds) in &seconds {
        // Two that are a second apart may fall into one second of the clock.
        let most = seconds.values().max().unwrap();
        assert!(*most <= 2, "{message:?} came {most} times in a second");
    }
    // Of 400 requests, each of which used to leave three lines; those of the last second are not
    // told any more.
    assert!(left_out > 100, "{left_out} lines were left out: {log}");
    for told in ["question to the database failed", "\"status\":503"] {
        assert!(log.contains(told), "the outage is not told: {log}");
    }
}
