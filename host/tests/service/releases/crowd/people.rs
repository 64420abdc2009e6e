//! People who register, log in and refresh, each request to the replica whose turn it is. They
//! retry nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::balancer::{Balancer, Target};
use super::judge::{Outcome, Question, Told, judge};
use super::tally::Tally;
use crate::support::{Person, eventually};

/// What the gateway waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(10);
/// One in so many has an e-mail address that a faulty release fails: one that ends with `00` (see
/// the guest `traps_for_some`).
const MARKED: usize = 100;
/// Whom a client remembers, to log in again.
const REMEMBERED: usize = 50;

/// A crowd at work.
pub(crate) struct Crowd {
    shared: Arc<Shared>,
    clients: JoinSet<Vec<Resident>>,
}

/// Somebody with an account.
pub(crate) struct Resident {
    pub(crate) person: Person,
    pub(crate) user_id: i64,
    /// The latest refresh token of a session that was answered each time.
    pub(crate) session: Option<String>,
}

struct Shared {
    tally: Mutex<Tally>,
    /// What is going on, for the times.
    during: Mutex<&'static str>,
    /// Whether a release may serve that fails those who are marked.
    faulty: AtomicBool,
    over: AtomicBool,
}

struct Client {
    number: usize,
    http: reqwest::Client,
    balancer: Balancer,
    shared: Arc<Shared>,
}

impl Crowd {
    /// So many clients.
    pub(crate) fn begin(balancer: &Balancer, clients: usize) -> Self {
        let shared = Arc::new(Shared {
            tally: Mutex::default(),
            during: Mutex::new("the beginning"),
            faulty: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let clients = (0..clients).map(|number| {
            let (balancer, shared) = (balancer.clone(), Arc::clone(&shared));
            Client { number, http: http.clone(), balancer, shared }.live()
        });
        Self { clients: clients.collect(), shared }
    }

    /// Goes on once so many more requests were answered as they should.
    pub(crate) async fn more(&self, requests: usize) {
        let wanted = self.tally().right + requests;
        eventually("right answers", async || (self.tally().right >= wanted).then_some(())).await;
        self.is_good();
    }

    /// Fails the test if a request failed.
    #[track_caller]
    pub(crate) fn is_good(&self) {
        self.shared.tally.lock().unwrap().is_good();
    }

    /// From now on times are noted under that name.
    pub(crate) fn during(&self, what: &'static str) {
        *self.shared.during.lock().unwrap() = what;
    }

    /// Whether a release may serve that fails those who are marked.
    pub(crate) fn expect_harm(&self, expected: bool) {
        self.shared.faulty.store(expected, Ordering::SeqCst);
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.shared.tally.lock().unwrap();
        let times = std::mem::take(&mut tally.times);
        let own = tally.clone();
        tally.times = times;
        own
    }

    /// Ends, and judges; who has an account now, and what was seen.
    pub(crate) async fn end(self) -> (Vec<Resident>, Tally) {
        self.shared.over.store(true, Ordering::SeqCst);
        let residents = self.clients.join_all().await.into_iter().flatten().collect();
        let tally = self.shared.tally.lock().unwrap().clone();
        tally.is_good();
        (residents, tally)
    }
}

impl Client {
    async fn live(self) -> Vec<Resident> {
        let mut residents: Vec<Resident> = Vec::new();
        // Not all meet the hundredth at the same time.
        let mut number = self.number * 17;
        while !self.shared.over.load(Ordering::SeqCst) {
            number += 1;
            residents.extend(self.newcomer(number).await);
            sleep(PAUSE).await;
            let first = residents.len().saturating_sub(REMEMBERED);
            let remembered = &mut residents[first..];
            if !remembered.is_empty() {
                let known = number % remembered.len();
                self.comes_again(&mut remembered[known]).await;
            }
            sleep(PAUSE).await;
        }
        residents
    }

    async fn newcomer(&self, number: usize) -> Option<Resident> {
        let name = uuid::Uuid::new_v4().simple();
        let person = Person::new(&format!("{name}-{:02}", number % MARKED));
        let told = self.ask("register", &person, &person.form(), None).await?;
        let user_id = told.user_id;
        let mut resident = Resident { person, user_id, session: Some(told.refresh_token) };
        self.refreshes(&mut resident).await;
        Some(resident)
    }

    /// Logs in again, and goes on with that session.
    async fn comes_again(&self, resident: &mut Resident) {
        let body = json!({
            "email": resident.person.email,
            "password": resident.person.password,
        });
        let told = self.ask("login", &resident.person, &body, Some(resident.user_id)).await;
        if let Some(told) = told {
            resident.session = Some(told.refresh_token);
            self.refreshes(resident).await;
        }
    }

    async fn refreshes(&self, resident: &mut Resident) {
        // Where it is not answered, nobody knows which token is the latest.
        if let Some(token) = resident.session.take() {
            let body = json!({ "refresh_token": token });
            let user = Some(resident.user_id);
            let told = self.ask("refresh", &resident.person, &body, user).await;
            resident.session = told.map(|told| told.refresh_token);
        }
    }

    /// What came of it, if it was right.
    async fn ask(
        &self,
        endpoint: &'static str,
        person: &Person,
        body: &Value,
        user_id: Option<i64>,
    ) -> Option<Told> {
        let target = self.balancer.next().await;
        let during = *self.shared.during.lock().unwrap();
        let Some(target) = target else {
            let mut tally = self.shared.tally.lock().unwrap();
            tally.fail(format!("{during}: no replica is ready"));
            return None;
        };
        let faulty = self.shared.faulty.load(Ordering::SeqCst);
        let harmed = faulty && endpoint == "register" && person.email.contains("00@");
        let begun = Instant::now();
        let answer = self.post(&target, endpoint, body).await.map_err(|error| format!("{error:?}"));
        let took = begun.elapsed();
        let mut tally = self.shared.tally.lock().unwrap();
        match judge(Question { user_id, harmed }, answer, target.is_leaving()) {
            Outcome::Right(told) => {
                tally.right += 1;
                tally.times.entry((during, endpoint)).or_default().push(took);
                return Some(told);
            }
            Outcome::Harmed => tally.harmed += 1,
            Outcome::Cut => tally.cut += 1,
            Outcome::Failed(what) => {
                let (email, name) = (&person.email, target.name);
                tally.fail(format!("{during}: {endpoint} of {email} at {name}: {what}"));
            }
        }
        None
    }

    async fn post(
        &self,
        target: &Target,
        endpoint: &str,
        body: &Value,
    ) -> reqwest::Result<(u16, Value)> {
        let url = format!("http://{}/auth/{endpoint}", target.address);
        let response = self.http.post(url).json(body).send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }
}
