//! The real program as a process.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;

use auth_host::contract::Slot;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::{OwnDatabase, in_time, on_postgres, policy};

/// A process that serves.
pub(crate) struct Process {
    pub(crate) address: String,
    /// What it printed before it served, a line each.
    pub(crate) announcement: Vec<String>,
    child: Child,
    log: JoinHandle<String>,
}

/// What a command printed.
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) errors: String,
}

/// What a process keeps from one start to the next.
pub(crate) struct Home {
    folder: TempDir,
    _database: Option<OwnDatabase>,
}

impl Home {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// How a process ended.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
}

impl Process {
    /// A folder with `policies` in it, and the settings that name it.
    pub(crate) fn folder() -> (TempDir, HashMap<String, String>) {
        let folder = TempDir::new().unwrap();
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies).unwrap();
        for slot in Slot::ALL {
            std::fs::write(policies.join(format!("{slot}.wasm")), policy(slot)).unwrap();
        }
        let data = folder.path().join("data");
        let settings = [
            ("DATA_DIR", data.to_str().unwrap()),
            ("POLICY_DIR", policies.to_str().unwrap()),
            ("HTTP_SERVER_ADDRESS", "127.0.0.1:0"),
            ("AUTH_JWT_SECRET", super::JWT_SECRET),
            ("PASSWORD_HASH_MEMORY_KIB", "64"),
            ("PASSWORD_HASH_ITERATIONS", "1"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        (folder, settings)
    }

    /// The same, on the database of this run: see [`on_postgres`].
    pub(crate) async fn home() -> (Home, HashMap<String, String>) {
        let (folder, mut settings) = Self::folder();
        let database = if on_postgres() { Some(OwnDatabase::new().await) } else { None };
        settings.extend(
            database.iter().map(|database| ("DATABASE_URL".to_owned(), database.url().to_owned())),
        );
        (Home { folder, _database: database }, settings)
    }

    /// Starts it, and does not wait until it serves.
    pub(crate) fn begun(settings: &HashMap<String, String>) -> Self {
        let mut child = command(settings).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.unwrap();
            text
        });
        Self { address: String::new(), announcement: Vec::new(), child, log }
    }

    /// Starts it and waits until it says where it serves.
    pub(crate) async fn serving(settings: &HashMap<String, String>) -> Self {
        let mut child = command(settings).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.unwrap();
            text
        });
        let mut announcement = Vec::new();
        while !announcement
            .last()
            .is_some_and(|line: &String| line.trim_start().starts_with("data "))
        {
            match in_time("the announcement", lines.next_line()).await.unwrap() {
                Some(line) => announcement.push(line),
                None => panic!("it did not start: {}", log.await.unwrap()),
            }
        }
        let address = announcement[0].rsplit_once("http://").unwrap().1.to_owned();
        Self { address, announcement, child, log }
    }

    /// Runs it where it should not get so far as to serve.
    pub(crate) async fn refusing(settings: &HashMap<String, String>) -> Outcome {
        let output = in_time("a start that must fail", command(settings).output()).await.unwrap();
        Outcome { code: output.status.code(), log: String::from_utf8(output.stderr).unwrap() }
    }

    /// Runs a command of the program to its end.
    pub(crate) async fn command(settings: &HashMap<String, String>, words: &[&str]) -> Printed {
        let output = in_time("a command", command(settings).args(words).output()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Printed {
            code: output.status.code(),
            text: text(output.stdout),
            errors: text(output.stderr),
        }
    }

    /// How many threads of that name it has.
    pub(crate) fn threads(&self, name: &str) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id().unwrap())).unwrap();
        tasks
            .filter(|task| {
                std::fs::read_to_string(task.as_ref().unwrap().path().join("comm"))
                    .is_ok_and(|own| own.trim() == name)
            })
            .count()
    }

    pub(crate) fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    pub(crate) fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    pub(crate) fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id =
            rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Outcome {
        let status = in_time("the process", self.child.wait()).await.unwrap();
        Outcome { code: status.code(), log: self.log.await.unwrap() }
    }
}

/// The program in an environment that holds the settings and nothing else.
fn command(settings: &HashMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-host"));
    let folder = settings.get("POLICY_DIR").map_or_else(std::env::temp_dir, Into::into);
    command
        .env_clear()
        .envs(settings)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
