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
        Some(Self::on(SmallDisk::new(24)?).await)
    }

    async fn on(disk: SmallDisk) -> Self {
        let process = disk.serving().await;
        Self { disk, process, client: Client::builder().no_proxy().build().unwrap() }
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

/// Whom the events of registrations tell of. Only the last line may be half: it is being written.
fn told_of(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("events.jsonl")).unwrap_or_default();
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    let line = |line: &str| -> Value { serde_json::from_str(line).expect(line) };
    whole.lines().map(|text| line(text)["body"]["email"].as_str().unwrap().to_owned()).collect()
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
            let number = there.len() + refused.len();
            let person = Person::new(&format!("person{round}x{number}"));
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
        // A batch that was written and could not be marked comes again.
        told.dedup();
        (told == registered).then_some(())
    })
    .await;
    // What it kept is sound: the next start finds it all.
    let running = Running::on(running.stop().await).await;
    for person in &there {
        assert_eq!(running.login(person).await, 200, "an account is lost");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_told_and_nothing_is_written_until_it_is_back() {
    let Some(running) = Running::start().await else { return };
    let person = Person::new("leo");
    assert_eq!(running.register(&person).await, 200);
    let data = running.disk.data();
    let [file, elsewhere] = ["auth.sqlite", "elsewhere"].map(|name| data.join(name));
    // Neither of what is there instead is taken for the database: nothing, or an older copy.
    for copied in [false, true] {
        std::fs::rename(&file, &elsewhere).unwrap();
        if copied {
            std::fs::copy(&elsewhere, &file).unwrap();
        }
        // At once: what it committed now would be lost.
        assert_eq!(running.register(&Person::new("lost")).await, 503);
        running.tells("was taken away or replaced; stop the service", "taken_away").await;
        assert_eq!(running.login(&person).await, 503);
        assert_eq!(file.exists(), copied, "a new file was made");
        std::fs::rename(&elsewhere, &file).unwrap();
        running.is_ready().await;
        assert_eq!(running.login(&person).await, 200);
    }
    // The log belongs to it.
    std::fs::rename(data.join("auth.sqlite-wal"), &elsewhere).unwrap();
    assert_eq!(running.register(&Person::new("lost")).await, 503);
    running.tells("was taken away or replaced; stop the service", "taken_away").await;
    std::fs::rename(&elsewhere, data.join("auth.sqlite-wal")).unwrap();
    running.is_ready().await;
    assert_eq!(running.register(&Person::new("other")).await, 200);
    running.stop().await;
}

/// What a kernel does with a file system that it finds damaged.
#[tokio::test]
async fn a_disk_that_becomes_read_only_under_the_service_is_told() {
    let Some(disk) = SmallDisk::of_ext4(24) else { return };
    let running = Running::on(disk).await;
    let person = Person::new("leo");
    assert_eq!(running.register(&person).await, 200);
    running.disk.abort();
    eventually("a write that fails", async || {
        (running.register(&Person::new("newcomer")).await == 503).then_some(())
    })
    .await;
    // The connection that is made anew finds a file that it may only read.
    eventually("an outage that is told", async || {
        let (status, body) = running.ready().await;
        let metrics = Metrics::parse(&running.get("/metrics").await.1);
        let outages = ["disk", "read_only"]
            .map(|reason| metrics.sum("auth_database_outage", &[("reason", reason)]));
        let is_told = status == 503 && body["reasons"].to_string().contains("read-only");
        (is_told && outages.contains(&1) && metrics.sum("auth_database_up", &[]) == 0).then_some(())
    })
    .await;
    assert_eq!(running.get("/healthz").await.0, 200);
    running.process.kill();
    running.process.ended().await;
}

#[tokio::test]
async fn a_start_on_what_is_read_only_or_damaged_ends_with_a_sentence() {
    let Some(running) = Running::start().await else { return };
    assert_eq!(running.register(&Person::new("leo")).await, 200);
    let disk = running.stop().await;
    disk.cover("auth.sqlite");
    let log = disk.refusing().await;
    assert!(log.contains("the database takes no writes") && log.contains("read-only"), "{log}");
    disk.uncover("auth.sqlite");
    disk.make_read_only(true);
    let log = disk.refusing().await;
    assert!(log.contains("DATA_DIR") && log.contains("Read-only file system"), "{log}");
    disk.make_read_only(false);
    std::fs::write(disk.data().join("auth.sqlite"), [b'x'; 8192]).unwrap();
    let log = disk.refusing().await;
    assert!(log.contains("is damaged; stop the service, restore a backup"), "{log}");
}

#[tokio::test]
async fn events_that_a_full_disk_did_not_take_are_published_whole_when_there_is_room() {
    let Some(running) = Running::start().await else { return };
    // The events have a disk of their own, so that the database takes writes meanwhile.
    let events = running.disk.mount("events", 16);
    let data = running.disk.data();
    std::os::unix::fs::symlink("events/events.jsonl", data.join("events.jsonl")).unwrap();
    let before = format!("{}\n", json!({ "body": { "email": "x".repeat(3900) } }));
    assert!(before.len() < 4000, "the first page has room for a part of the next line");
    std::fs::write(events.join("events.jsonl"), &before).unwrap();
    SmallDisk::fill_at(&events);
    let mut there = vec!["x".repeat(3900)];
    for number in 0..3 {
        let person = Person::new(&format!("person{number}"));
        assert_eq!(running.register(&person).await, 200);
        there.push(person.email);
    }
    eventually("events that cannot be written", async || {
        let metrics = Metrics::parse(&running.get("/metrics").await.1);
        (metrics.sum("auth_outbox_publish_total", &[("result", "error")]) > 3).then_some(())
    })
    .await;
    eventually("a file without half a line", async || {
        (std::fs::read_to_string(events.join("events.jsonl")).unwrap() == before).then_some(())
    })
    .await;
    std::fs::remove_file(events.join("ballast")).unwrap();
    eventually("the event of each registration", async || {
        (told_of(&data).len() >= there.len()).then_some(())
    })
    .await;
    assert_eq!(told_of(&data), there);
    running.stop().await;
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_of_a_compiled_policy_and_what_is_active_serves() {
    let Some(running) = Running::start().await else { return };
    let disk = running.stop().await;
    // A cache of its own, on this disk.
    std::fs::remove_file(disk.data().join("cache")).unwrap();
    // Room for what the database writes, and for nothing of the size of a policy.
    disk.fill_all_but(400 << 10);
    let process = disk.serving().await;
    let ready = format!("http://{}/readyz", process.address);
    let body: Value =
        serde_json::from_str(&reqwest::get(&ready).await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(body["policies"].as_array().unwrap().len(), 3, "{body}");
    for file in std::fs::read_dir(disk.data().join("cache")).unwrap() {
        let file = file.unwrap().path();
        assert_ne!(file.extension().unwrap(), "tmp", "{}", file.display());
        assert!(std::fs::metadata(&file).unwrap().len() > 0, "{}", file.display());
    }
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    assert!(outcome.log.contains("could not be cached"), "{}", outcome.log);
}

#[tokio::test]
async fn a_first_start_on_a_full_disk_serves_nothing_until_the_registry_takes_the_policies() {
    let Some(disk) = SmallDisk::new(24) else { return };
    disk.fill_all_but(400 << 10);
    let running = Running::on(disk).await;
    eventually("policies that are not kept", async || {
        let (status, body) = running.ready().await;
        let placed = body["placed_not_serving"].as_array().unwrap().iter();
        let not_kept = placed.filter(|it| it["state"] == "not_kept").count();
        (status == 503 && not_kept > 0).then_some(())
    })
    .await;
    running.disk.free();
    running.is_ready().await;
    assert_eq!(running.register(&Person::new("leo")).await, 200);
    running.stop().await;
}
