//! Replicas of the real program on one PostgreSQL database, behind a balancer. Each keeps its data
//! folder and its settings over its restarts; what runs may be another version of the program.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::crowd::{Balancer, Resident};
use super::operator::Operator;
use crate::support::{Metrics, OwnDatabase, Process, eventually};

pub(super) struct Fleet {
    pub(super) balancer: Balancer,
    pub(super) database: OwnDatabase,
    home: TempDir,
    settings: HashMap<String, String>,
    replicas: BTreeMap<&'static str, Replica>,
}

struct Replica {
    process: Process,
    /// Of its admin API, if it has one.
    admin: Option<String>,
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
        // Each its own.
        settings.insert("ADMIN_ADDRESS".to_owned(), "127.0.0.1:0".to_owned());
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
        let admin = process.announcement.iter().find_map(|line| {
            Some(
                line.trim().strip_prefix("admin API")?.trim().strip_suffix("/swagger/")?.to_owned(),
            )
        });
        self.replicas.insert(name, Replica { process, admin });
    }

    /// Lets one end in order.
    pub(super) async fn stop(&mut self, name: &'static str) {
        let process = self.replicas.remove(name).unwrap().process;
        self.balancer.leaves(name);
        process.terminate();
        let outcome = process.ended().await;
        self.balancer.forget(name);
        assert_eq!(outcome.code, Some(0), "{name} did not end in order:\n{}", outcome.log);
    }

    /// `kill -9`.
    pub(super) async fn kill(&mut self, name: &'static str) {
        let process = self.replicas.remove(name).unwrap().process;
        self.balancer.leaves(name);
        process.kill();
        self.balancer.forget(name);
        assert_eq!(process.ended().await.code, None, "{name} had ended before it was killed");
    }

    /// Lets all end in order.
    pub(super) async fn end(mut self) {
        let names: Vec<_> = self.replicas.keys().copied().collect();
        for name in names {
            self.stop(name).await;
        }
    }

    /// The names of those that run.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.replicas.keys().copied().collect()
    }

    /// Goes on once a place serves this release on these replicas.
    pub(super) async fn serve(&self, names: &[&'static str], place: &str, release: i64) {
        for name in names {
            let what = format!("{place}/{release} on {name}");
            eventually(&what, async || {
                (self.serving(name, place).await == Some(release)).then_some(())
            })
            .await;
        }
    }

    /// The release that a place serves on a replica.
    pub(super) async fn serving(&self, name: &'static str, place: &str) -> Option<i64> {
        let readiness = self.readiness(name).await;
        let policies = readiness["policies"].as_array()?.iter();
        policies.clone().find(|policy| policy["slot"] == place)?["release"].as_i64()
    }

    /// An operator who talks to this replica, with a new token.
    pub(super) async fn operator(&self, at: &'static str, name: &str, role: &str) -> Operator {
        let words = ["admin", "token", "add", name, "--role", role, "--for", "1d"];
        let printed = Process::command(&self.settings, &words).await;
        assert_eq!(printed.code, Some(0), "{}", printed.errors);
        let token = printed.text.split_whitespace().find(|word| word.starts_with("aht1_"));
        Operator::new(self.replicas[at].admin.clone().unwrap(), token.unwrap())
    }

    /// Whoever was told that they have an account has it, and their sessions, on each replica.
    pub(super) async fn knows_all(&self, residents: Vec<Resident>) {
        assert!(residents.len() > 50, "{} people registered", residents.len());
        let names = self.names();
        for (number, resident) in residents.into_iter().enumerate() {
            let name = names[number % names.len()];
            let Resident { person, user_id, session } = resident;
            let body = json!({ "email": person.email, "password": person.password });
            let told = self.balancer.post(name, "login", &body).await.tokens();
            assert_eq!(told.user_id, user_id);
            if let Some(token) = session {
                let body = json!({ "refresh_token": token });
                let told = self.balancer.post(name, "refresh", &body).await.tokens();
                assert_eq!(told.user_id, user_id);
            }
        }
    }

    /// The memory that each takes up, in MiB.
    pub(super) fn memory(&self) -> BTreeMap<&'static str, u64> {
        let of = |(name, replica): (&&'static str, &Replica)| {
            (*name, replica.process.resident_memory() / 1024)
        };
        self.replicas.iter().map(of).collect()
    }

    /// What all of them together have used of processors.
    pub(super) fn processor_time(&self) -> Duration {
        self.replicas.values().map(|replica| replica.process.processor_time()).sum()
    }

    /// The sum of a metric over all of them.
    pub(super) async fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let mut sum = 0;
        for replica in self.names() {
            sum += self.metrics(replica).await.sum(name, labels);
        }
        sum
    }

    pub(super) async fn metrics(&self, name: &'static str) -> Metrics {
        let url = format!("http://{}/metrics", self.balancer.of(name).address);
        let answer = self.balancer.client().get(url).send().await.unwrap();
        Metrics::parse(&answer.text().await.unwrap())
    }

    /// What a replica says of its readiness.
    pub(super) async fn readiness(&self, name: &'static str) -> Value {
        let address = self.balancer.of(name).address;
        let request = self.balancer.client().get(format!("http://{address}/readyz"));
        request.send().await.unwrap().json().await.unwrap()
    }
}
