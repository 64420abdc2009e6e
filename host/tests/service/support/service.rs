//! A whole service on a port of its own, with its own data folder and policies; stopped in order at
//! the end of a test.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use auth_host::app::App;
use auth_host::clock::Clock;
use auth_host::contract::Slot;
use auth_host::hex;
use auth_host::lifecycle::Ended;
use auth_host::passwords::{Asker, Password};
use auth_host::shutdown::Signals;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::builder::TestStore;
use super::{
    Answer, Metrics, OwnDatabase, Person, Raw, TestServiceBuilder, Tokens, eventually, in_time,
    secret_text,
};

/// A service that runs.
pub(crate) struct TestService {
    pub(crate) address: String,
    pub(crate) clock: Clock,
    pub(crate) client: reqwest::Client,
    pub(super) folder: Option<TempDir>,
    pub(super) settings: HashMap<String, String>,
    pub(super) signals: Signals,
    pub(super) serving: Option<JoinHandle<Ended>>,
    pub(super) app: Weak<App>,
    pub(super) secrets: Mutex<Vec<String>>,
    pub(super) log_mark: usize,
    pub(super) store: Option<TestStore>,
}

/// What it is asked.
impl TestService {
    /// With the default policies and settings.
    pub(crate) async fn start() -> Self {
        Self::with().start().await
    }

    pub(crate) fn with() -> TestServiceBuilder {
        TestServiceBuilder::new()
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = in_time("an answer", request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.bytes().await.unwrap().to_vec() };
        if status == 200 {
            self.remember_tokens(&answer);
        } else {
            let text = String::from_utf8_lossy(&answer.body);
            assert!(
                !self.secrets.lock().unwrap().iter().any(|secret| text.contains(secret.as_str())),
                "a secret was told: {text}"
            );
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// Posts bytes as JSON.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body: Vec<u8> = body.into();
        if let Ok(json) = serde_json::from_slice::<Value>(&body) {
            ["password", "refresh_token"]
                .iter()
                .filter_map(|name| json[*name].as_str())
                .for_each(|secret| self.remember(secret));
        }
        self.send(self.request("POST", path).header("content-type", "application/json").body(body))
            .await
    }

    pub(crate) async fn register(&self, form: &Value) -> Answer {
        self.post("/auth/register", form.to_string()).await
    }

    pub(crate) async fn login(&self, person: &Person) -> Answer {
        self.post(
            "/auth/login",
            json!({ "email": person.email, "password": person.password }).to_string(),
        )
        .await
    }

    pub(crate) async fn login_with_wrong_password(&self, person: &Person) -> Answer {
        self.login(&Person { email: person.email.clone(), password: secret_text() }).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh", json!({ "refresh_token": token }).to_string()).await
    }

    /// Somebody who has registered.
    pub(crate) async fn newcomer(&self, name: &str) -> (Person, Tokens) {
        let person = Person::new(name);
        let tokens = self.register(&person.form()).await.tokens();
        (person, tokens)
    }

    pub(crate) async fn raw(&self) -> Raw {
        Raw::connect(&self.address).await
    }

    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.get("/metrics").await.text())
    }

    /// One number of a scrape.
    pub(crate) async fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.metrics().await.sum(name, labels)
    }
}

/// What it did, and what is done to it.
impl TestService {
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("data")
    }

    pub(crate) fn policy_file(&self, name: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("policies").join(name)
    }

    pub(crate) fn app(&self) -> Arc<App> {
        self.app.upgrade().unwrap()
    }

    /// The variables of its environment.
    pub(crate) fn settings(&self) -> &HashMap<String, String> {
        &self.settings
    }

    /// The PostgreSQL database of this service's own, where it has one.
    pub(crate) fn database(&self) -> Option<&OwnDatabase> {
        match &self.store {
            Some(TestStore::Database(database)) => Some(database),
            _ => None,
        }
    }

    /// Where the log began when this service did.
    pub(crate) fn log_mark(&self) -> usize {
        self.log_mark
    }

    /// A text that must be found neither on disk nor in the log.
    pub(crate) fn remember(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        // Enough to be sure, few enough to be searched for; short ones are found by chance.
        if secret.len() > 10 && secrets.len() < 200 && !secrets.iter().any(|known| known == secret)
        {
            secrets.push(secret.to_owned());
        }
    }

    fn remember_tokens(&self, answer: &Answer) {
        if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
            ["access_token", "refresh_token"]
                .iter()
                .filter_map(|name| body[*name].as_str())
                .for_each(|token| self.remember(token));
        }
    }

    /// The generation that serves in a slot, by `/readyz`; 0 for none.
    pub(crate) async fn generation(&self, slot: Slot) -> u64 {
        let ready = self.get("/readyz").await.json();
        let policies = ready["policies"].as_array().unwrap();
        policies
            .iter()
            .find(|policy| policy["slot"] == slot.as_str())
            .map_or(0, |policy| policy["release"].as_u64().unwrap())
    }

    /// Puts a file into the policy folder, as an operator should: by renaming.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.policy_file(".new"), bytes).unwrap();
        std::fs::rename(self.policy_file(".new"), self.policy_file(name)).unwrap();
    }

    /// Replaces a policy, and waits until the new one serves. What is no other than before makes no
    /// release.
    pub(crate) async fn swap(&self, slot: Slot, component: &[u8]) {
        self.put(&format!("{slot}.wasm"), component);
        let digest = hex::sha256(component);
        let is_here = |policy: &Value| policy["slot"] == slot.as_str();
        eventually("the policy that was placed", async || {
            let ready = self.get("/readyz").await.json();
            let serving = ready["policies"].as_array().unwrap().iter().find(|it| is_here(it));
            let placed = ready["placed_not_serving"].as_array().unwrap().iter().any(is_here);
            (!placed && serving.is_some_and(|policy| policy["digest"] == digest)).then_some(())
        })
        .await;
    }

    pub(crate) async fn next_generation(&self, slot: Slot, before: u64) {
        eventually("the next generation", async || {
            (self.generation(slot).await > before).then_some(())
        })
        .await;
    }

    /// Keeps a hash thread busy for some seconds.
    pub(crate) async fn busy_hash_thread(&self) -> JoinHandle<()> {
        let app = self.app();
        let password = Password::new("something to hash");
        let hash = "$argon2id$v=19$m=65536,t=60,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let before = self.count("auth_password_hash_wait_seconds_count", &[]).await;
        let task = tokio::spawn(async move {
            let passwords = &app.services.passwords;
            let turn = passwords.turn(&Asker::new(None, "somebody else")).await.unwrap();
            drop(passwords.verify(turn, &password, Some(hash)).await);
        });
        let begun = async || {
            (self.count("auth_password_hash_wait_seconds_count", &[]).await > before).then_some(())
        };
        eventually("a busy hash thread", begun).await;
        task
    }
}
