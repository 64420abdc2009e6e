//! A whole service on a port of its own, with its own data folder and policies; built by a builder, and stopped in order at the end of a test.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use auth_host::app::App;
use auth_host::clock::Clock;
use auth_host::config::Config;
use auth_host::passwords::Password;
use auth_host::policy::Slot;
use auth_host::policy::source::PolicyDirectory;
use auth_host::service::{self, Ended};
use auth_host::shutdown::Signals;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Answer, Metrics, Person, Raw, Tokens, eventually, guest, in_time, logs, policy, secret_text};

/// What the gateway of these tests checks access tokens with.
pub(crate) const JWT_SECRET: &str = "the secret that gateway-service shares with us";

/// A service to be.
pub(crate) struct TestServiceBuilder {
    folder: TempDir,
    settings: HashMap<String, String>,
    clock: Clock,
    secrets: Vec<String>,
}

/// A service that runs.
pub(crate) struct TestService {
    pub(crate) address: String,
    pub(crate) clock: Clock,
    pub(crate) client: reqwest::Client,
    folder: Option<TempDir>,
    settings: HashMap<String, String>,
    signals: Signals,
    serving: Option<JoinHandle<Ended>>,
    app: Weak<App>,
    secrets: Mutex<Vec<String>>,
    log_mark: usize,
}

impl TestServiceBuilder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for sub in ["data", "policies"] {
            std::fs::create_dir(folder.path().join(sub)).unwrap();
        }
        // Compiled components are the same for all tests; those that test the cache ask for one of their own.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy-cache");
        std::fs::create_dir_all(&cache).unwrap();
        std::os::unix::fs::symlink(cache, folder.path().join("data/cache")).unwrap();
        let text = |path: &str| folder.path().join(path).to_str().unwrap().to_owned();
        let settings = [
            ("DATA_DIR", text("data")),
            ("POLICY_DIR", text("policies")),
            ("AUTH_JWT_SECRET", JWT_SECRET.to_owned()),
            ("AUTH_MASTER_SECRET", "the master secret of all services of these tests".to_owned()),
            ("PASSWORD_HASH_MEMORY_KIB", "64".to_owned()),
            ("PASSWORD_HASH_ITERATIONS", "1".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let builder = Self { folder, settings, clock: Clock::shifted(), secrets: Vec::new() };
        Slot::ALL.into_iter().fold(builder, |builder, slot| builder.component(slot, &policy(slot)))
    }

    /// Sets a variable of the environment.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Puts a guest into a slot.
    pub(crate) fn guest(self, slot: Slot, name: &str) -> Self {
        self.component(slot, &guest(name))
    }

    /// Puts these bytes into a slot.
    pub(crate) fn component(self, slot: Slot, bytes: &[u8]) -> Self {
        std::fs::write(self.folder.path().join(format!("policies/{slot}.wasm")), bytes).unwrap();
        self
    }

    /// Leaves a slot without a policy.
    pub(crate) fn without(self, slot: Slot) -> Self {
        std::fs::remove_file(self.folder.path().join(format!("policies/{slot}.wasm"))).unwrap();
        self
    }

    /// Sets what the operator sets for a policy.
    pub(crate) fn policy_settings(self, slot: Slot, settings: &Value) -> Self {
        std::fs::write(self.folder.path().join(format!("policies/{slot}.settings.json")), settings.to_string()).unwrap();
        self
    }

    /// Compiles its policies itself.
    pub(crate) fn own_cache(self) -> Self {
        std::fs::remove_file(self.data_dir().join("cache")).unwrap();
        self
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) async fn start(self) -> TestService {
        logs::capture();
        let log_mark = logs::mark();
        let config = Config::from_pairs(&self.settings).unwrap();
        let app = App::build(config, self.clock.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut policies = PolicyDirectory::new(app.config.policy_dir.clone());
        policies.load(&app).await;
        let signals = Signals::default();
        TestService {
            address,
            log_mark,
            clock: self.clock,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder: Some(self.folder),
            settings: self.settings,
            app: Arc::downgrade(&app),
            serving: Some(tokio::spawn(service::run(app, listener, policies, signals.clone()))),
            signals,
            secrets: Mutex::new(self.secrets),
        }
    }
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
            assert!(!self.secrets.lock().unwrap().iter().any(|secret| text.contains(secret.as_str())), "a secret was told: {text}");
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
            ["password", "refresh_token"].iter().filter_map(|name| json[*name].as_str()).for_each(|secret| self.remember(secret));
        }
        self.send(self.request("POST", path).header("content-type", "application/json").body(body)).await
    }

    pub(crate) async fn register(&self, form: &Value) -> Answer {
        self.post("/auth/register", form.to_string()).await
    }

    pub(crate) async fn login(&self, person: &Person) -> Answer {
        self.post("/auth/login", json!({ "email": person.email, "password": person.password }).to_string()).await
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

    /// Where the log began when this service did.
    pub(crate) fn log_mark(&self) -> usize {
        self.log_mark
    }

    /// A text that must be found neither on disk nor in the log.
    pub(crate) fn remember(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        // Enough to be sure, few enough to be searched for; short ones are found by chance.
        if secret.len() > 10 && secrets.len() < 200 && !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
        }
    }

    fn remember_tokens(&self, answer: &Answer) {
        if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
            ["access_token", "refresh_token"].iter().filter_map(|name| body[*name].as_str()).for_each(|token| self.remember(token));
        }
    }

    /// The lines of the event file, once everything that was committed has been published.
    pub(crate) async fn event_lines(&self) -> Vec<String> {
        self.published().await;
        let text = std::fs::read_to_string(self.data_dir().join("events.jsonl")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// All events so far.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.event_lines().await.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until no event waits.
    async fn published(&self) {
        let store = self.app().services.store.clone();
        eventually("an empty outbox", async || (store.outbox_backlog().await.unwrap().pending == 0).then_some(())).await;
    }

    /// The generation that serves in a slot, by `/readyz`; 0 for none.
    pub(crate) async fn generation(&self, slot: Slot) -> u64 {
        let ready = self.get("/readyz").await.json();
        let policies = ready["policies"].as_array().unwrap();
        policies.iter().find(|policy| policy["slot"] == slot.as_str()).map_or(0, |policy| policy["generation"].as_u64().unwrap())
    }

    /// Puts a file into the policy folder, as an operator should: by renaming.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.policy_file(".new"), bytes).unwrap();
        std::fs::rename(self.policy_file(".new"), self.policy_file(name)).unwrap();
    }

    /// Replaces a policy, and waits until the new one serves.
    pub(crate) async fn swap(&self, slot: Slot, component: &[u8]) {
        let before = self.generation(slot).await;
        self.put(&format!("{slot}.wasm"), component);
        self.next_generation(slot, before).await;
    }

    pub(crate) async fn next_generation(&self, slot: Slot, before: u64) {
        eventually("the next generation", async || (self.generation(slot).await > before).then_some(())).await;
    }

    /// Keeps a hash thread busy for some seconds.
    pub(crate) async fn busy_hash_thread(&self) -> JoinHandle<()> {
        let app = self.app();
        let password = Password::new("something to hash");
        let hash = "$argon2id$v=19$m=65536,t=60,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let before = self.count("auth_password_hash_wait_seconds_count", &[]).await;
        let task = tokio::spawn(async move { drop(app.services.passwords.verify(&password, Some(hash)).await) });
        let begun = async || (self.count("auth_password_hash_wait_seconds_count", &[]).await > before).then_some(());
        eventually("a busy hash thread", begun).await;
        task
    }

    /// Waits for the events, ends the service in order, and looks for secrets that it left behind.
    pub(crate) async fn stop(self) {
        drop(self.stop_and_keep().await);
    }

    /// The same; what it kept can be started again.
    pub(crate) async fn stop_and_keep(mut self) -> TestServiceBuilder {
        self.published().await;
        assert_eq!(self.end().await, Ended::Drained);
        self.keep()
    }

    /// What an ended service kept, to be started again.
    pub(crate) fn keep(mut self) -> TestServiceBuilder {
        self.assert_no_secret_is_left();
        let (folder, secrets) = (self.folder.take().unwrap(), self.secrets.get_mut().unwrap().clone());
        TestServiceBuilder { folder, settings: self.settings.clone(), clock: self.clock.clone(), secrets }
    }

    /// Ends the service, whatever waits.
    pub(crate) async fn end(&mut self) -> Ended {
        self.signals.first.cancel();
        let ended = in_time("the service", self.serving.take().unwrap()).await.unwrap();
        eventually("the end of all that the service was", async || (self.app.strong_count() == 0).then_some(())).await;
        ended
    }

    fn assert_no_secret_is_left(&self) {
        let files = std::fs::read_dir(self.data_dir()).unwrap().map(|entry| entry.unwrap().path());
        let contents: Vec<_> = files.filter(|file| file.is_file()).map(|file| (file.clone(), std::fs::read(file).unwrap())).collect();
        let contents: Vec<_> = contents.iter().map(|(file, bytes)| (file, String::from_utf8_lossy(bytes))).collect();
        for secret in &*self.secrets.lock().unwrap() {
            for (file, content) in &contents {
                assert!(!content.contains(secret.as_str()), "{} holds the secret {secret}", file.display());
            }
            assert!(!logs::holds(self.log_mark, secret), "the log holds the secret {secret}");
        }
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        assert!(self.serving.is_none() || std::thread::panicking(), "a test must end with service.stop()");
    }
}
