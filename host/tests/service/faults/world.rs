//! One test's world: two replicas, their database and broker, consumers, and clients.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::load::{Attempt, Http, Load};
use super::random::Random;
use super::replicas::Replicas;
use super::verdict::{Evidence, OutboxRow};
use crate::support::{Broker, Consumer, TestDatabase};

/// Says that something hangs: leases of a replica that was killed end within half of it.
const HANGING: Duration = Duration::from_secs(90);

pub(super) struct World {
    test: &'static str,
    pub(super) random: Random,
    pub(super) replicas: Replicas,
    pub(super) load: Load,
    pub(super) faults: usize,
    database: TestDatabase,
    broker: Broker,
    created: Consumer,
    everything: Consumer,
}

/// How the replicas reach what they share, where it is not straight.
#[derive(Default)]
pub(super) struct Ways {
    pub(super) database: Option<String>,
    pub(super) broker: Option<String>,
    /// Settings of their own.
    pub(super) more: Vec<(&'static str, String)>,
}

impl World {
    /// With everything well.
    pub(super) async fn begin(
        test: &'static str,
        database: TestDatabase,
        broker: Broker,
        ways: Ways,
    ) -> Self {
        broker.declare_everything().await;
        Self::begin_with(test, database, broker, ways).await
    }

    /// The broker may be away, where it was prepared.
    pub(super) async fn begin_with(
        test: &'static str,
        database: TestDatabase,
        broker: Broker,
        ways: Ways,
    ) -> Self {
        let mut random = Random::new(test);
        let mut settings = broker.settings().to_vec();
        settings.extend([
            ("DATABASE_URL", ways.database.unwrap_or_else(|| database.url.clone())),
            // A refresh token that is used twice is an event at once.
            ("AUTH_REFRESH_GRACE_PERIOD", "0s".to_owned()),
            ("AMQP_CONFIRM_TIMEOUT", "2s".to_owned()),
        ]);
        settings.extend(ways.broker.map(|url| ("AMQP_URL", url)));
        settings.extend(ways.more);
        let replicas = Replicas::start(&settings).await;
        let load = Load::begin(&replicas.addresses(), &mut random);
        let (created, everything) = (
            Consumer::on(&broker.url, &broker.queue),
            Consumer::on(&broker.url, &broker.everything),
        );
        Self { test, random, replicas, load, faults: 0, database, broker, created, everything }
    }

    /// Goes on once so many more registrations were answered with 200: what was broken works again,
    /// or never was.
    pub(super) async fn accepted(&self, more: usize) {
        let wanted = self.load.accepted() + more;
        assert!(
            until(async || self.load.accepted() >= wanted).await,
            "{}: registrations do not succeed",
            self.test
        );
    }

    /// Waits until nothing is under way: no request, no event in the outbox, no message in the
    /// queue.
    pub(super) async fn rest(&self) {
        self.load.rest().await;
        let pool = self.database.pool().await;
        assert!(
            until(async || pending(&pool).await == Some(0)).await,
            "{}: events stay in the outbox",
            self.test
        );
        assert!(
            until(async || self.broker.queue_depth().await == Some(0)).await,
            "{}: messages stay in the queue",
            self.test
        );
    }

    /// Goes on once the service's queue is there.
    pub(super) async fn queue_is_back(&self) {
        assert!(
            until(async || self.broker.queue_depth().await.is_some()).await,
            "{}: the queue does not come back",
            self.test
        );
    }

    /// Ends every connection to the database, as its operator may.
    pub(super) async fn terminate_backends(&self) {
        self.database.terminate_backends().await;
    }

    pub(super) async fn delete_queue(&self) {
        assert!(self.broker.delete_empty_queue().await, "the queue is not there, or not empty");
    }

    /// Ends the load, waits until everything is delivered that will be, and judges; how many
    /// messages came twice.
    pub(super) async fn judge(self) -> usize {
        Box::pin(self.judgement()).await
    }

    async fn judgement(self) -> usize {
        let Self {
            test, mut replicas, load, faults, database, broker, created, everything, ..
        } = self;
        let attempts = load.end().await;
        let pool = database.pool().await;
        until(async || pending(&pool).await == Some(0)).await;
        let outbox: Vec<OutboxRow> = sqlx::query_as(
            "SELECT sequence, message_id::text, event_type, ordering_key, dead_at IS NOT NULL FROM \
             auth.outbox ORDER BY sequence",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let accounts: Vec<(i64, String)> =
            sqlx::query_as("SELECT user_id, email FROM auth.accounts")
                .fetch_all(&pool)
                .await
                .unwrap();
        let logins = logins(&Http::new(replicas.addresses()), &attempts).await;
        let ends = replicas.end().await;
        // Different ones: repeats stand for nothing. What comes beside them is in the queues, or
        // was delivered.
        let delivered = async || {
            created.ids().len() >= accounts.len() && everything.ids().len() >= outbox.len()
        };
        let nothing_is_left = async || {
            broker.queue_depth().await == Some(0) && broker.everything_depth().await == Some(0)
        };
        until(async || delivered().await && nothing_is_left().await).await;
        let left =
            (pending(&pool).await, broker.queue_depth().await, broker.everything_depth().await);
        let (created, everything) = (created.messages(), everything.messages());
        let evidence = Evidence { attempts, logins, accounts, outbox, created, everything };
        let faults_found = evidence.judge();
        println!("{test}: {faults} faults, {}", evidence.summary());
        broker.remove().await;
        pool.close().await;
        database.remove().await;
        assert!(
            faults_found.is_empty(),
            "{test}: {} faults (left in the outbox and the two queues: {left:?}):\n{}",
            faults_found.len(),
            faults_found[..faults_found.len().min(20)].join("\n")
        );
        for (code, log) in ends {
            assert_eq!(code, Some(0), "{test}: a replica did not end in order:\n{log}");
        }
        evidence.duplicates()
    }
}

/// The status of a login for each attempt. A 503 asks to come again.
async fn logins(http: &Http, attempts: &[Attempt]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for batch in attempts.chunks(16) {
        let tasks = batch.iter().enumerate().map(|(number, attempt)| {
            let (http, person) = (http.clone(), attempt.person.clone());
            tokio::spawn(async move {
                let body =
                    serde_json::json!({ "email": person.email, "password": person.password });
                let mut status = 0;
                for _ in 0..50 {
                    status = http
                        .post(number, "/auth/login", &body)
                        .await
                        .map_or(0, |(status, _)| status);
                    if status != 0 && status != 503 {
                        break;
                    }
                    sleep(Duration::from_millis(200)).await;
                }
                status
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            statuses.push(task.await.unwrap());
        }
    }
    statuses
}

/// Events that wait; none where the database does not answer.
async fn pending(pool: &PgPool) -> Option<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL",
    )
    .fetch_one(pool)
    .await
    .ok()
}

/// Whether it came about before it had to count as hanging.
pub(super) async fn until(mut probe: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + HANGING;
    while Instant::now() < end {
        if probe().await {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}
