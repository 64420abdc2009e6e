//! The real program as a process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use auth_host::contract::Slot;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{OwnDatabase, eventually, in_time, on_postgres, policy};

/// A process that serves.
pub(crate) struct Process {
    pub(crate) address: String,
    /// What it printed before it served, a line each.
    pub(crate) announcement: Vec<String>,
    pub(super) child: Child,
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
            ("POLICY_DIR_FOLLOW", "true"),
            ("HTTP_SERVER_ADDRESS", "127.0.0.1:0"),
            ("ADMIN_ADDRESS", "127.0.0.1:0"),
            ("POLICY_UNSIGNED", "directory,push"),
            ("POLICY_GRANT_ALL", "true"),
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
        Self::start(command(settings), std::future::ready(())).await
    }

    /// The same of another program, such as an older version of this one.
    pub(crate) async fn serving_of(program: &Path, settings: &HashMap<String, String>) -> Self {
        Self::start(prepared(Command::new(program), settings), std::future::ready(())).await
    }

    /// The same by another command that becomes the program, such as one that enters a namespace.
    pub(crate) async fn serving_by(words: &[String], settings: &HashMap<String, String>) -> Self {
        Self::start(command_by(words, settings), std::future::ready(())).await
    }

    /// The same, with a log that nobody reads before the sender says so, or is dropped.
    pub(crate) async fn unread(settings: &HashMap<String, String>) -> (Self, oneshot::Sender<()>) {
        let (read, reading) = oneshot::channel();
        let reading = async move { drop(reading.await) };
        (Self::start(command(settings), reading).await, read)
    }

    /// The same, with a log that goes somewhere else.
    pub(crate) async fn logging_to(settings: &HashMap<String, String>, log: Stdio) -> Self {
        let mut command = command(settings);
        command.stderr(log);
        Self::start(command, std::future::ready(())).await
    }

    async fn start(
        mut command: Command,
        reading: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = read(&mut child, reading);
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

    /// Starts it with this standard output, and waits until it serves; the settings name the port.
    pub(crate) async fn with_output(settings: &HashMap<String, String>, output: Stdio) -> Self {
        let address = settings["HTTP_SERVER_ADDRESS"].clone();
        let mut child = command(settings).stdout(output).spawn().unwrap();
        let log = read(&mut child, std::future::ready(()));
        eventually("an answer", async || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {ended:?}");
            reqwest::get(format!("http://{address}/healthz")).await.ok()
        })
        .await;
        Self { address, announcement: Vec::new(), child, log }
    }

    /// Runs a command of the program whose output goes there.
    pub(crate) async fn command_into(
        settings: &HashMap<String, String>,
        words: &[&str],
        output: Stdio,
    ) -> Outcome {
        let mut child = command(settings).args(words).stdout(output).spawn().unwrap();
        let log = read(&mut child, std::future::ready(()));
        let status = in_time("a command", child.wait()).await.unwrap();
        Outcome { code: status.code(), log: log.await.unwrap() }
    }

    /// The same, where the system gives it no more open files than these.
    pub(crate) async fn serving_with_files(settings: &HashMap<String, String>, files: u64) -> Self {
        use rustix::process::{Resource, Rlimit, prlimit};
        let process = Self::serving(settings).await;
        let limit = Rlimit { current: Some(files), maximum: Some(files) };
        prlimit(Some(process.pid()), Resource::Nofile, limit).unwrap();
        process
    }

    /// Runs it where it should not get so far as to serve.
    pub(crate) async fn refusing(settings: &HashMap<String, String>) -> Outcome {
        let output = in_time("a start that must fail", command(settings).output()).await.unwrap();
        Outcome { code: output.status.code(), log: String::from_utf8(output.stderr).unwrap() }
    }

    /// The same by another command.
    pub(crate) async fn refusing_by(
        words: &[String],
        settings: &HashMap<String, String>,
    ) -> Outcome {
        let output = command_by(words, settings).output();
        let output = in_time("a start that must fail", output).await.unwrap();
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

    /// Runs it with errors that go somewhere else, to its end; its exit code.
    pub(crate) async fn code(
        settings: &HashMap<String, String>,
        words: &[&str],
        errors: Stdio,
    ) -> Option<i32> {
        let mut command = command(settings);
        let ended = command.args(words).stdout(Stdio::null()).stderr(errors).status();
        in_time("an end", ended).await.unwrap().code()
    }

    /// Waits for its end, which nobody's reading of its log hastens; its exit code.
    pub(crate) async fn ended_unread(mut self) -> Option<i32> {
        in_time("the process", self.child.wait()).await.unwrap().code()
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Outcome {
        let status = in_time("the process", self.child.wait()).await.unwrap();
        Outcome { code: status.code(), log: self.log.await.unwrap() }
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_auth-host");

/// Collects what it writes to its log, if that comes to us, from a moment on.
fn read(child: &mut Child, from: impl Future<Output = ()> + Send + 'static) -> JoinHandle<String> {
    let errors = child.stderr.take();
    tokio::spawn(async move {
        let mut text = String::new();
        from.await;
        if let Some(mut errors) = errors {
            errors.read_to_string(&mut text).await.unwrap();
        }
        text
    })
}

/// The program in an environment that holds the settings and nothing else.
fn command(settings: &HashMap<String, String>) -> Command {
    prepared(Command::new(PROGRAM), settings)
}

/// Words in front of the program.
fn command_by(words: &[String], settings: &HashMap<String, String>) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(PROGRAM);
    prepared(command, settings)
}

fn prepared(mut command: Command, settings: &HashMap<String, String>) -> Command {
    // It may be there only in a namespace of the program's.
    let folder = settings.get("POLICY_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    command
        .env_clear()
        .envs(settings)
        .current_dir(folder)
        // No terminal, also where a person runs the tests.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
