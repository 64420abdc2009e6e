//! `SQLite` on a disk that is full, read-only, or loses the file. The service is a process on a
//! small disk of its own.

use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{Metrics, Person, Process, SmallDisk, eventually, in_time};

/// A service on a small disk.
struct Running {
    disk: SmallDisk,
    process: Process,
    client: Client,
}

impl Running {
    async fn start() -> Option<Self> {
        let disk = SmallDisk::new(24)?;
        let process = disk.serving().await;
        Some(Self { disk, process, client: Client::builder().no_proxy().build().unwrap() })
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}{path}", self.process.address);
        let answer = in_time("an answer", self.client.post(url).json(body).send()).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn register(&self, person: &Person) -> u16 {
        self.post("/auth/register", &person.form()).await.0
    }

    async fn login(&self, person: &Person) -> u16 {
        let form = json!({ "email": person.email, "password": person.password });
        self.post("/auth/login", &form).await.0
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.process.address);
        let answer = in_time("an answer", self.client.get(url).send()).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn ready(&self) -> (u16, Value) {
        let (status, body) = self.get("/readyz").await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Waits until `/readyz` and the gauges tell this reason, and checks that it is told at all.
    async fn tells(&self, sentence: &str, reason: &str) {
        eventually(reason, async || {
            let (status, body) = self.ready().await;
            (status == 503 && body["reasons"].to_string().contains(sentence)).then_some(())
        })
        .await;
        eventually("the gauge of it", async || {
            let metrics = Metrics::parse(&self.get("/metrics").await.1);
            let outage = metrics.sum("auth_database_outage", &[("reason", reason)]);
            (outage == 1 && metrics.sum("auth_database_up", &[]) == 0).then_some(())
        })
        .await;
        assert_eq!(self.get("/healthz").await.0, 200);
    }

    async fn is_ready(&self) {
        eventually("readiness", async || (self.ready().await.0 == 200).then_some(())).await;
        eventually("the gauge of it", async || {
            let metrics = Metrics::parse(&self.get("/metrics").await.1);
            let all_is_well = metrics.sum("auth_database_outage", &[]) == 0;
            (all_is_well && metrics.sum("auth_database_up", &[]) == 1).then_some(())
        })
        .await;
    }

    /// Ends it in order; the disk with what it kept.
    async fn stop(self) -> SmallDisk {
        self.process.terminate();
        let outcome = self.process.ended().await;
        assert_eq!(outcome.code, Some(0), "{}", outcome.log);
        self.disk
    }
}

/// Whom the events of registrations tell of; every line must be whole.
fn told_of(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("events.jsonl")).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is not whole");
    let line = |line: &str| -> Value { serde_json::from_str(line).expect(line) };
    text.lines().map(|text| line(text)["body"]["email"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_disk_that_was_full_serves_again_with_the_first_request_and_nothing_is_lost() {
    let Some(running) = Running::start().await else { return };
    let mut there = vec![Person::new("first")];
    assert_eq!(running.register(&there[0]).await, 200);
    for round in 0..3 {
        running.disk.fill();
        let mut refused = Vec::new();
        // The log has some room of its own left.
        while refused.len() < 5 {
            let person = Person::new(&format!("person{round}"));
            match running.register(&person).await {
                200 => there.push(person),
                503 => refused.push(person),
                status => panic!("{status}"),
            }
        }
        running.tells("its disk is full", "full").await;
        running.disk.free();
        // At once, whatever was known before.
        for person in refused {
            assert_eq!(running.register(&person).await, 200, "half of it was there");
            there.push(person);
        }
        running.is_ready().await;
    }
    for person in &there {
        assert_eq!(running.login(person).await, 200, "an account is lost");
    }
    let mut registered: Vec<_> = there.iter().map(|person| person.email.clone()).collect();
    registered.sort();
    eventually("one event for each", async || {
        let mut told = told_of(&running.disk.data());
        told.sort();
        (told == registered).then_some(())
    })
    .await;
    // What it kept is sound: the next start finds it all.
    let disk = running.stop().await;
    let process = disk.serving().await;
    let running = Running { disk, process, client: Client::new() };
    for person in &there {
        assert_eq!(running.login(person).await, 200, "an account is lost");
    }
    running.stop().await;
}
