//! A service with the default policies, in a folder that goes with it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auth_host::app::App;
use auth_host::clock::Clock;
use auth_host::config::Config;
use auth_host::contract::Slot;
use auth_host::lifecycle::Ended;
use auth_host::shutdown::Signals;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const PASSWORD: &str = "correct horse battery staple";

pub struct Service {
    pub app: Arc<App>,
    pub address: SocketAddr,
    signals: Signals,
    running: JoinHandle<Ended>,
    _folder: tempfile::TempDir,
}

/// A data folder with the default policies in it, throttled so widely that no limit is reached.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/policies");
    for slot in Slot::ALL {
        std::fs::copy(built.join(format!("{slot}.wasm")), policies.join(format!("{slot}.wasm")))
            .expect("the default policies: run `./justw policies`");
    }
    let limits = r#"{"attempts-per-account": 1000000, "attempts-per-address": 1000000}"#;
    std::fs::write(policies.join("login.settings.json"), limits).unwrap();
    folder
}

pub fn settings(folder: &Path) -> HashMap<String, String> {
    let pairs = [
        ("ENV", "local"),
        ("HTTP_SERVER_ADDRESS", "127.0.0.1:0"),
        ("PASSWORD_HASH_QUEUE", "1000"),
        ("LOG_LEVEL", "off"),
        // Few sessions are refreshed as fast as they can be.
        ("AUTH_REFRESH_ROTATIONS_PER_MINUTE", "1000000"),
    ];
    let mut settings: HashMap<String, String> =
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    settings.insert("DATA_DIR".into(), folder.display().to_string());
    settings
}

impl Service {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(more: &[(&str, &str)]) -> Self {
        let folder = folder();
        let mut settings = settings(folder.path());
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut config = Config::from_pairs(&settings).unwrap();
        config.admission.program = env!("CARGO_BIN_EXE_auth-host").into();
        let app = App::build(config, Clock::System).await.unwrap();
        let listener = TcpListener::bind(app.config.http.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut policies = app.policies();
        policies.load(Duration::from_mins(1)).await.unwrap();
        assert!(app.generations.empty().is_empty(), "a default policy was refused");
        let signals = Signals::default();
        let serving = Arc::clone(&app).serve(listener, policies, signals.clone());
        let running = tokio::spawn(serving);
        Self { app, address, signals, running, _folder: folder }
    }

    pub async fn stop(self) {
        self.signals.first.cancel();
        self.running.await.unwrap();
    }
}
