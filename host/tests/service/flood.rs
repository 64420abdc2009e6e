//! A flood of logins: whoever fills the hash threads leaves room for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use auth_host::contract::Slot;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{Person, TestService, TestServiceBuilder, eventually};

/// More attempts at once than the hash threads have places (64) and the login policy has turns
/// (80).
const CLIENTS: usize = 120;

/// Clients that send one login after the other, and count what they are answered.
struct Flood {
    ended: Arc<AtomicBool>,
    busy: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl Flood {
    /// From this address, at the account that each client is told by its number and the attempt's.
    fn begin(
        service: &TestService,
        address: &'static str,
        email: impl Fn(usize, usize) -> String + Clone + Send + 'static,
    ) -> Self {
        let (ended, busy) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let clients = (0..CLIENTS).map(|client| {
            let (ended, busy, email) = (Arc::clone(&ended), Arc::clone(&busy), email.clone());
            let request = service.request("POST", "/auth/login");
            tokio::spawn(async move {
                for attempt in 0.. {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let body = json!({ "email": email(client, attempt), "password": "guess" });
                    let request = request.try_clone().unwrap().json(&body);
                    let answer = request.header("x-forwarded-for", address).send().await.unwrap();
                    if answer.status() == 503 {
                        busy.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        });
        Self { clients: clients.collect(), ended, busy }
    }

    /// Waits until clients are turned away.
    async fn at_its_height(&self) {
        let before = self.busy.load(Ordering::SeqCst);
        eventually("a flood that is turned away", async || {
            (self.busy.load(Ordering::SeqCst) > before + 50).then_some(())
        })
        .await;
    }

    async fn end(self) {
        self.ended.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// Hashes that take some milliseconds on one thread, and no limit that would end the flood.
fn with_slow_hashes() -> TestServiceBuilder {
    let settings = json!({
        "attempts-per-account": 0, "attempts-per-address": 0, "attempts-per-account-anywhere": 0
    });
    TestService::with()
        .policy_settings(Slot::Login, &settings)
        .setting("PASSWORD_HASH_THREADS", "1")
        .setting("PASSWORD_HASH_MEMORY_KIB", "4096")
        .setting("PASSWORD_HASH_ITERATIONS", "3")
}

/// What others are answered meanwhile: nine of ten must be let in.
async fn others_are_let_in(service: &TestService, flood: Flood, people: &[Person], known: bool) {
    let mut let_in = 0;
    let mut answers = Vec::new();
    for (number, person) in people.iter().enumerate() {
        flood.at_its_height().await;
        let body = json!({ "email": person.email, "password": person.password });
        let mut request = service.request("POST", "/auth/login").json(&body);
        if known {
            request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        }
        let answer = service.send(request).await;
        let_in += usize::from(answer.status == 200);
        answers.push(answer.text());
    }
    flood.end().await;
    assert!(let_in * 10 >= people.len() * 9, "{let_in} of {}: {answers:#?}", people.len());
    let refused = service.count("auth_password_hash_refused_total", &[]).await;
    assert!(refused > 0, "the flood filled nothing");
}

async fn ten_people(service: &TestService) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(service.newcomer(&format!("person{number}")).await.0);
    }
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_address_leaves_room_for_others() {
    let service = with_slow_hashes().setting("HTTP_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
    let people = ten_people(&service).await;
    let email = |client, attempt| format!("guess{client}.{attempt}@example.com");
    let flood = Flood::begin(&service, "192.0.2.1", email);
    others_are_let_in(&service, flood, &people, true).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_addresses_are_not_known_a_flood_for_one_account_leaves_room_for_others() {
    let service = with_slow_hashes().start().await;
    let people = ten_people(&service).await;
    let flood = Flood::begin(&service, "192.0.2.1", |_, _| "victim@example.com".to_owned());
    others_are_let_in(&service, flood, &people, false).await;
    service.stop().await;
}
