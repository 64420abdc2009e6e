//! Building a service: its settings, its policies, its folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_host::app::App;
use auth_host::clock::Clock;
use auth_host::config::Config;
use auth_host::contract::Slot;
use auth_host::shutdown::Signals;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{OwnDatabase, TestService, guest, logs, on_postgres, policy};

/// What the gateway of these tests checks access tokens with.
pub(crate) const JWT_SECRET: &str = "the secret that gateway-service shares with us";

/// What compiled components are signed with, so that all services of these tests share them.
pub(super) const MASTER_SECRET: &str = "the master secret of all services of these tests";

/// The folder of compiled components that services share.
pub(super) fn policy_cache() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy-cache");
    std::fs::create_dir_all(&cache).unwrap();
    cache
}

/// A service to be.
pub(crate) struct TestServiceBuilder {
    pub(super) folder: TempDir,
    pub(super) settings: HashMap<String, String>,
    pub(super) clock: Clock,
    pub(super) secrets: Vec<String>,
    pub(super) store: TestStore,
    pub(super) stillness: Duration,
}

/// Where a service keeps what it knows.
pub(crate) enum TestStore {
    /// In its data folder.
    Folder,
    /// In a PostgreSQL database, to be made.
    NewDatabase,
    /// In this database.
    Database(OwnDatabase),
    /// In a database that somebody else cares for.
    Elsewhere,
}

impl TestServiceBuilder {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for sub in ["data", "policies"] {
            std::fs::create_dir(folder.path().join(sub)).unwrap();
        }
        // Compiled components are the same for all tests; those that test the cache ask for one of
        // their own.
        std::os::unix::fs::symlink(policy_cache(), folder.path().join("data/cache")).unwrap();
        let text = |path: &str| folder.path().join(path).to_str().unwrap().to_owned();
        let settings = [
            ("DATA_DIR", text("data")),
            ("POLICY_DIR", text("policies")),
            ("POLICY_DIR_FOLLOW", "true".to_owned()),
            ("AUTH_JWT_SECRET", JWT_SECRET.to_owned()),
            ("AUTH_MASTER_SECRET", MASTER_SECRET.to_owned()),
            ("ADMIN_ADDRESS", "127.0.0.1:0".to_owned()),
            ("POLICY_UNSIGNED", "directory,push".to_owned()),
            ("POLICY_GRANT_ALL", "true".to_owned()),
            ("PASSWORD_HASH_MEMORY_KIB", "64".to_owned()),
            ("PASSWORD_HASH_ITERATIONS", "1".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let store = if on_postgres() { TestStore::NewDatabase } else { TestStore::Folder };
        let builder = Self {
            folder,
            settings,
            clock: Clock::shifted(),
            secrets: Vec::new(),
            store,
            stillness: Duration::ZERO,
        };
        Slot::ALL.into_iter().fold(builder, |builder, slot| builder.component(slot, &policy(slot)))
    }

    /// Sets a variable of the environment.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs on a PostgreSQL database of its own, whatever the other tests run on.
    pub(crate) fn on_postgres(mut self) -> Self {
        self.store = TestStore::NewDatabase;
        self
    }

    /// Runs on the database at this address.
    pub(crate) fn on_database(mut self, url: &str) -> Self {
        self.store = TestStore::Elsewhere;
        self.setting("DATABASE_URL", url)
    }

    /// Goes by a clock that no test moves.
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
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
        std::fs::write(
            self.folder.path().join(format!("policies/{slot}.settings.json")),
            settings.to_string(),
        )
        .unwrap();
        self
    }

    /// Takes files as the program does: once they have lain still for so long. Other tests take
    /// them as soon as they stay the same.
    pub(crate) fn stillness(mut self, stillness: Duration) -> Self {
        self.stillness = stillness;
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

    pub(crate) async fn start(mut self) -> TestService {
        logs::capture();
        if matches!(self.store, TestStore::NewDatabase) {
            let database = OwnDatabase::new().await;
            self.settings.insert("DATABASE_URL".to_owned(), database.url().to_owned());
            self.store = TestStore::Database(database);
        }
        let log_mark = logs::mark();
        let mut config = Config::from_pairs(&self.settings).unwrap();
        // The tests are another program than the one that admits.
        config.admission.program = env!("CARGO_BIN_EXE_auth-host").into();
        config.admission.stillness = self.stillness;
        let app = App::build(config, self.clock.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut policies = app.policies();
        policies.load(Duration::from_mins(1)).await.unwrap();
        let signals = Signals::default();
        TestService {
            address,
            log_mark,
            clock: self.clock,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder: Some(self.folder),
            settings: self.settings,
            app: Arc::downgrade(&app),
            serving: Some(tokio::spawn(app.serve(listener, policies, signals.clone()))),
            signals,
            secrets: Mutex::new(self.secrets),
            store: Some(self.store),
        }
    }
}
