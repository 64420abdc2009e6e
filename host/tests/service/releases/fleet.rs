//! Replicas of the real program on one PostgreSQL database, behind a balancer. Each keeps its data
//! folder and its settings over its restarts; what runs may be another version of the program.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::crowd::Balancer;
use crate::support::{OwnDatabase, Process};

pub(super) struct Fleet {
    pub(super) balancer: Balancer,
    pub(super) database: OwnDatabase,
    home: TempDir,
    settings: HashMap<String, String>,
    replicas: BTreeMap<&'static str, Process>,
}

impl Fleet {
    /// Without a replica yet.
    pub(super) async fn new(more: &[(&str, &str)]) -> Self {
        let (home, mut settings) = Process::folder();
        let database = OwnDatabase::new().await;
        let own = [
            ("DATABASE_URL", database.url()),
            // Time for the balancer to see that one is told to stop.
            ("HTTP_SERVER_SHUTDOWN_DELAY", "2s"),
            ("DATABASE_MAX_CONNECTIONS", "8"),
        ];
        settings.extend(
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let balancer = Balancer::new();
        Self { balancer, database, home, settings, replicas: BTreeMap::new() }
    }

    /// Where policies are placed.
    pub(super) fn policies(&self) -> PathBuf {
        self.home.path().join("policies")
    }

    /// Starts a replica, of the program under test or of another, and goes on once it is ready.
    pub(super) async fn start(
        &mut self,
        name: &'static str,
        program: Option<&Path>,
        own: &[(&str, &str)],
    ) {
        let mut settings = self.settings.clone();
        let data = self.home.path().join(name).to_str().unwrap().to_owned();
        settings
            .extend([("DATA_DIR".to_owned(), data), ("REPLICA_NAME".to_owned(), name.to_owned())]);
        settings.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let process = match program {
            Some(program) => Process::serving_of(program, &settings).await,
            None => Process::serving(&settings).await,
        };
        self.balancer.take_in(name, &process.address).await;
        self.replicas.insert(name, process);
    }

    /// Lets one end in order.
    pub(super) async fn stop(&mut self, name: &'static str) {
        let process = self.replicas.remove(name).unwrap();
        self.balancer.leaves(name);
        process.terminate();
        let outcome = process.ended().await;
        self.balancer.forget(name);
        assert_eq!(outcome.code, Some(0), "{name} did not end in order:\n{}", outcome.log);
    }

    /// Lets all end in order.
    pub(super) async fn end(mut self) {
        let names: Vec<_> = self.replicas.keys().copied().collect();
        for name in names {
            self.stop(name).await;
        }
    }

    /// What a replica says of its readiness.
    pub(super) async fn readiness(&self, name: &'static str) -> Value {
        let address = self.balancer.of(name).address;
        reqwest::get(format!("http://{address}/readyz")).await.unwrap().json().await.unwrap()
    }
}
