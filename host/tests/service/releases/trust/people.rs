//! A service that trusts nobody at first and has granted what it began with, and the people
//! around it: each with a token and a desk of their own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Home, Printed, Process, eventually};

/// The service, as somebody operates it.
pub(super) struct Site {
    home: Home,
    settings: HashMap<String, String>,
    process: Process,
    url: String,
}

impl Site {
    /// The default policies serve from the directory; what is pushed needs signatures of these
    /// keys, and grants.
    pub(super) async fn open(trusted: &[&Key], more: &[(&str, &str)]) -> Self {
        let (home, mut settings) = Process::home().await;
        let keys = home.path().join("trusted-keys");
        let lines: Vec<&str> = trusted.iter().map(|key| &*key.line).collect();
        let lines = lines.join("\n");
        std::fs::write(&keys, format!("# who makes policies\n{lines}\n")).unwrap();
        let own = [
            ("POLICY_TRUSTED_KEYS", keys.to_str().unwrap()),
            ("POLICY_UNSIGNED", "directory"),
            ("POLICY_GRANT_ALL", "false"),
            ("REPLICA_NAME", "a1"),
        ];
        let all = own.iter().chain(more);
        settings.extend(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let process = Process::serving(&settings).await;
        let admin = process.announcement.iter().find_map(|line| line.split_once("admin API"));
        let url = admin.expect("the admin API is announced").1.trim();
        let url = url.trim_end_matches("/swagger/").to_owned();
        Self { home, settings, process, url }
    }

    /// Somebody with a token of this role.
    pub(super) async fn person(&self, name: &str, role: &str) -> Person {
        let words = ["admin", "token", "add", name, "--role", role, "--for", "1d"];
        let printed = Process::command(&self.settings, &words).await;
        assert_eq!(printed.code, Some(0), "{}", printed.errors);
        let token = printed.text.split_whitespace().find(|word| word.starts_with("aht1_"));
        let settings = [("ADMIN_URL", self.url.as_str()), ("ADMIN_TOKEN", token.unwrap())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Person { settings, folder: TempDir::new().unwrap() }
    }

    /// Where its admin API is.
    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// Writes the file of trusted keys anew.
    pub(super) fn trust(&self, lines: &[String]) {
        let file = self.home.path().join("trusted-keys");
        std::fs::write(file, lines.join("\n") + "\n").unwrap();
    }

    pub(super) async fn close(self) {
        self.process.terminate();
        assert_eq!(self.process.ended().await.code, Some(0));
    }
}

/// A pair of keys, as `auth-host policy keygen` makes it.
pub(super) struct Key {
    _folder: TempDir,
    /// Of the private one.
    pub(super) file: String,
    /// What keygen printed, for the file of trusted keys.
    pub(super) line: String,
}

impl Key {
    pub(super) async fn of(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(name).to_str().unwrap().to_owned();
        let printed = Process::command(&HashMap::new(), &["policy", "keygen", &file]).await;
        assert_eq!(printed.code, Some(0), "{}", printed.errors);
        let line = printed.text.trim().to_owned();
        assert!(line.starts_with(&format!("{name} ssh-ed25519 ")), "{line}");
        Self { _folder: folder, file, line }
    }
}

/// Somebody at a desk.
pub(super) struct Person {
    settings: HashMap<String, String>,
    folder: TempDir,
}

impl Person {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let file = self.path(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    async fn run(&self, words: &[&str]) -> Printed {
        Process::command(&self.settings, &[&["policy"], words].concat()).await
    }

    /// What a command prints that must end so.
    #[track_caller]
    pub(super) fn told(&self, code: i32, words: &[&str]) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let told = self.run(words).await;
            let all = told.text + &told.errors;
            assert_eq!(told.code, Some(code), "{place}: {words:?}: {all}");
            assert!(!all.contains("panic"), "{place}: {all}");
            all
        }
    }

    /// The document of a command that must end so.
    #[track_caller]
    pub(super) fn document(&self, code: i32, words: &[&str]) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let told = self.run(&[words, &["--json"]].concat()).await;
            let (text, errors) = (told.text, told.errors);
            assert_eq!(told.code, Some(code), "{place}: {words:?}: {text}{errors}");
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{place}: {text}"))
        }
    }

    /// Types a line that a command printed, just as it stands there.
    pub(super) async fn types(&self, line: &str) -> Printed {
        let program = Path::new(env!("CARGO_BIN_EXE_auth-host"));
        let output = Command::new("/bin/sh")
            .args(["-c", line])
            .env_clear()
            .envs(&self.settings)
            .env("PATH", program.parent().unwrap())
            .current_dir(self.folder.path())
            .output()
            .await
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Printed {
            code: output.status.code(),
            text: text(output.stdout),
            errors: text(output.stderr),
        }
    }

    /// What serves in the place of logins.
    pub(super) async fn serving(&self) -> Value {
        let status = self.document(0, &["status", "login"]).await;
        status["replicas"][0]["serving"][0]["release"].clone()
    }

    /// Goes on once a release serves there.
    pub(super) async fn serves(&self, release: &str) {
        eventually(release, async || (self.serving().await == json!(release)).then_some(())).await;
    }
}

/// The command in what was printed that begins so, as whoever reads it would copy it.
pub(super) fn printed(text: &str, command: &str) -> String {
    let at = text.find(command).unwrap_or_else(|| panic!("it lacks {command:?}: {text}"));
    text[at..].lines().next().unwrap().trim_end_matches('.').to_owned()
}
