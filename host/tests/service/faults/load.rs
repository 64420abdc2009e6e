//! Clients that do not wait for good weather: they register, log in, and use refresh tokens twice,
//! through both replicas.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::random::Random;
use super::replicas::Addresses;
use crate::support::Person;

const CLIENTS: usize = 6;
/// What the gateway waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// One registration, as its client saw it.
pub(super) struct Attempt {
    pub(super) person: Person,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 200, with this id.
    Accepted(i64),
    /// Another status.
    Refused(u16),
    /// None at all, or half of one.
    NoAnswer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Work,
    Rest,
    End,
}

pub(super) struct Load {
    wish: watch::Sender<Wish>,
    clients: JoinSet<Vec<Attempt>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    busy: AtomicUsize,
}

/// One client.
struct Client {
    http: Http,
    random: Random,
    requests: usize,
}

/// A keep-alive connection to each replica, as far as they last.
#[derive(Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    addresses: Addresses,
}

impl Load {
    pub(super) fn begin(addresses: &Addresses, random: &mut Random) -> Self {
        let (wish, counts) = (watch::Sender::new(Wish::Work), Arc::<Counts>::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = Client {
                http: Http::new(addresses.clone()),
                random: random.branch(),
                requests: number,
            };
            clients.spawn(client.live(wish.subscribe(), Arc::clone(&counts)));
        }
        Self { wish, clients, counts }
    }

    /// Registrations that were answered with 200 so far.
    pub(super) fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// Lets all clients come to rest: no request is under way afterwards.
    pub(super) async fn rest(&self) {
        self.wish.send_replace(Wish::Rest);
        while self.counts.busy.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn work(&self) {
        self.wish.send_replace(Wish::Work);
    }

    pub(super) async fn end(self) -> Vec<Attempt> {
        self.wish.send_replace(Wish::End);
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

impl Client {
    async fn live(mut self, mut wish: watch::Receiver<Wish>, counts: Arc<Counts>) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        loop {
            // Busy before it looks: a rest that was wished for meanwhile is seen by one of the two.
            counts.busy.fetch_add(1, Ordering::SeqCst);
            let wished = *wish.borrow_and_update();
            if wished == Wish::Work {
                attempts.push(self.one_person().await);
                let accepted =
                    matches!(attempts.last(), Some(Attempt { outcome: Outcome::Accepted(_), .. }));
                counts.accepted.fetch_add(accepted.into(), Ordering::SeqCst);
            }
            counts.busy.fetch_sub(1, Ordering::SeqCst);
            match wished {
                Wish::Work => self.random.pause(5, 60).await,
                Wish::Rest => wish.changed().await.unwrap(),
                Wish::End => return attempts,
            }
        }
    }

    /// Registers somebody. One in four logs in twice more and uses all three refresh tokens twice,
    /// at once: several events of one account.
    async fn one_person(&mut self) -> Attempt {
        let person = Person::new(&format!("person-{}", uuid::Uuid::new_v4().simple()));
        let (status, body) = self.post("/auth/register", &person.form()).await.unwrap_or_default();
        let outcome = match (status, body["user_id"].as_i64()) {
            (200, Some(user_id)) => Outcome::Accepted(user_id),
            (0 | 200, _) => Outcome::NoAnswer,
            (status, _) => Outcome::Refused(status),
        };
        if status == 200 && self.random.below(4) == 0 {
            let login = json!({ "email": person.email, "password": person.password });
            let mut answers = vec![body];
            for _ in 0..2 {
                answers.extend(self.post("/auth/login", &login).await.map(|(_, body)| body));
            }
            let tokens: Vec<String> = answers
                .iter()
                .filter_map(|body| Some(body["refresh_token"].as_str()?.to_owned()))
                .collect();
            let mut thieves = JoinSet::new();
            for (number, token) in tokens.into_iter().enumerate() {
                let (http, body) = (self.http.clone(), json!({ "refresh_token": token }));
                thieves.spawn(async move {
                    for time in 0..2 {
                        http.post(number + time, "/auth/refresh", &body).await;
                    }
                });
            }
            thieves.join_all().await;
        }
        Attempt { person, outcome }
    }

    /// To one replica after the other.
    async fn post(&mut self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.requests += 1;
        self.http.post(self.requests, path, body).await
    }
}

impl Http {
    pub(super) fn new(addresses: Addresses) -> Self {
        Self {
            client: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap(),
            addresses,
        }
    }

    /// Status and body, where both came whole.
    pub(super) async fn post(
        &self,
        number: usize,
        path: &str,
        body: &Value,
    ) -> Option<(u16, Value)> {
        let response = self
            .client
            .post(format!("http://{}{path}", self.addresses.of(number)))
            .json(body)
            .send()
            .await
            .ok()?;
        let status = response.status().as_u16();
        Some((status, response.json().await.ok()?))
    }
}
