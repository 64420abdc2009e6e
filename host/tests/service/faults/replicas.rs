//! Two replicas of the real program, which share a database, a broker and the policies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::support::{Metrics, Process};

pub(super) struct Replicas {
    _folder: TempDir,
    settings: [HashMap<String, String>; 2],
    processes: [Option<Process>; 2],
    addresses: Addresses,
}

/// Where they serve now: a replica that was started again has another port.
#[derive(Clone, Default)]
pub(super) struct Addresses(Arc<Mutex<[String; 2]>>);

impl Addresses {
    /// The address for the number, which counts requests.
    pub(super) fn of(&self, number: usize) -> String {
        self.0.lock().unwrap()[number % 2].clone()
    }
}

impl Replicas {
    /// Both at once, as a deployment does.
    pub(super) async fn start(more: &[(&str, String)]) -> Self {
        let (folder, mut settings) = Process::folder();
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let settings = ["a", "b"].map(|replica| {
            let mut own = settings.clone();
            own.insert("DATA_DIR".into(), folder.path().join(replica).to_str().unwrap().to_owned());
            own
        });
        let (first, second) =
            tokio::join!(Process::serving(&settings[0]), Process::serving(&settings[1]));
        let addresses =
            Addresses(Arc::new(Mutex::new([first.address.clone(), second.address.clone()])));
        Self { _folder: folder, settings, processes: [Some(first), Some(second)], addresses }
    }

    pub(super) fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// `kill -9`.
    pub(super) async fn kill(&mut self, replica: usize) {
        let process = self.processes[replica].take().unwrap();
        process.kill();
        assert_eq!(process.ended().await.code, None, "it had ended before it was killed");
    }

    /// As a deployment does: the old one ends in order, then the new one starts.
    pub(super) async fn restart_in_order(&mut self, replica: usize) {
        let process = self.processes[replica].take().unwrap();
        process.terminate();
        let outcome = process.ended().await;
        assert_eq!(outcome.code, Some(0), "{}", outcome.log);
        self.start_again(replica).await;
    }

    /// What each of them counts under this name and these labels.
    pub(super) async fn count(&self, name: &str, labels: &[(&str, &str)]) -> Vec<u64> {
        let mut counts = Vec::new();
        for process in self.processes.iter().flatten() {
            let text = reqwest::get(format!("http://{}/metrics", process.address))
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            counts.push(Metrics::parse(&text).sum(name, labels));
        }
        counts
    }

    /// How many threads of that name each of them has.
    pub(super) fn threads(&self, name: &str) -> Vec<usize> {
        self.processes.iter().flatten().map(|process| process.threads(name)).collect()
    }

    pub(super) async fn start_again(&mut self, replica: usize) {
        let process = Process::serving(&self.settings[replica]).await;
        self.addresses.0.lock().unwrap()[replica].clone_from(&process.address);
        self.processes[replica] = Some(process);
    }

    /// Ends both in order; their exit codes and logs.
    pub(super) async fn end(&mut self) -> Vec<(Option<i32>, String)> {
        let mut ends = Vec::new();
        for process in self.processes.iter_mut().filter_map(Option::take) {
            process.terminate();
            let outcome = process.ended().await;
            ends.push((outcome.code, outcome.log));
        }
        ends
    }
}
