//! Throw-away servers, as `scripts/servers.sh` starts them: each in a folder of its own, on
//! loopback, for tests that take them away.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use super::eventually;

/// A server of a kind, and whatever it started.
pub(super) struct Server {
    kind: &'static str,
    options: &'static [&'static str],
    folder: PathBuf,
    pub(super) port: u16,
}

/// A variable that `scripts/servers.sh run` sets.
pub(super) fn shared(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is missing: run `./justw test`, which starts the servers first")
    })
}

impl Server {
    pub(super) async fn start(kind: &'static str, options: &'static [&'static str]) -> Self {
        let parent = PathBuf::from(shared("TEST_SERVERS_DIR")).canonicalize().unwrap();
        let mut server = Self {
            kind,
            options,
            folder: parent.join(format!("{kind}-{}", uuid::Uuid::new_v4().simple())),
            port: 0,
        };
        server.start_again().await;
        server
    }

    /// Starts what was ended; it finds its data, and keeps its port.
    pub(super) async fn start_again(&mut self) {
        let port = self.port.to_string();
        let words =
            [&[self.kind, "start", self.folder.to_str().unwrap(), &port], self.options].concat();
        self.port = script(&words).await.trim().parse().unwrap();
    }

    /// Asks the server's own tool.
    pub(super) async fn tool(&self, words: &[&str]) -> String {
        script(&[&[self.kind, "ctl", self.folder.to_str().unwrap()], words].concat()).await
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets it end in order.
    pub(super) async fn stop(&self) {
        self.signal(Signal::TERM);
        self.ended().await;
    }

    /// As a machine does that loses its power, but for what the disk has taken.
    pub(super) async fn kill(&self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Stops all its processes where they are: connections stay open, and nobody answers.
    pub(super) fn freeze(&self) {
        // What one of them starts meanwhile is met by the second round.
        self.signal(Signal::STOP);
        self.signal(Signal::STOP);
    }

    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    pub(super) async fn ended(&self) {
        eventually("the end of a server", async || self.processes().is_empty().then_some(())).await;
    }

    fn signal(&self, signal: Signal) {
        for process in self.processes() {
            // It may have ended meanwhile.
            let _ = kill_process(process, signal);
        }
    }

    /// Whatever works in its folder.
    fn processes(&self) -> Vec<Pid> {
        let numbers = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        numbers
            .filter(|number: &i32| {
                std::fs::read_link(format!("/proc/{number}/cwd"))
                    .is_ok_and(|at| at.starts_with(&self.folder))
            })
            .map(|number| Pid::from_raw(number).unwrap())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(path()).args(["stop", self.folder.to_str().unwrap()]).status();
        assert!(
            stopped.is_ok_and(|status| status.success()) || std::thread::panicking(),
            "a server of {} did not stop",
            self.kind
        );
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/servers.sh")
}

async fn script(words: &[&str]) -> String {
    let run = tokio::process::Command::new(path()).args(words).stdin(Stdio::null()).output();
    // It gives up by itself after a minute, and says why.
    let output = timeout(Duration::from_mins(2), run)
        .await
        .expect("scripts/servers.sh does not end")
        .unwrap();
    assert!(
        output.status.success(),
        "servers.sh {words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
