//! A service that tries a candidate as a shadow, and what was counted of it.

use std::time::Duration;

use auth_host::contract::{Slot, wit};
use auth_host::hex;
use auth_host::store::registry::{
    Component, ComponentInfo, Counted, DifferenceSample, Differences, NewRelease, ReleaseComponent,
    RolloutChange, RolloutMode, RolloutPlan, Source, WHOLE,
};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use uuid::Uuid;

use crate::releases::pushing::{change, store};
use crate::support::{TestService, eventually, guest, policy};
use crate::swap::components::asking;

/// A release to be: a guest, or the default policy for `default`, and its settings.
pub(super) type Trying<'a> = (&'a str, Value);

/// The name of a release whose manifest asks for no other service.
pub(super) const MAY_ASK_NOBODY: &str = "may ask nobody";

/// A service that tries a candidate in one place.
pub(super) struct Tried {
    pub(super) service: TestService,
    pub(super) slot: Slot,
    pub(super) rollout: Uuid,
}

impl Tried {
    /// A candidate follows the active release in this place.
    pub(super) async fn new(slot: Slot, active: Trying<'_>, candidate: Trying<'_>) -> Self {
        let service = TestService::with().without(slot).start().await;
        activate(&service, slot, active).await;
        let rollout = shadow(&service, slot, candidate).await;
        Self { service, slot, rollout }
    }

    /// What is counted once it is about so many calls, and none besides.
    pub(super) async fn counted(&self, calls: u64) -> Vec<(String, u64)> {
        counted(&self.service, self.rollout, calls).await
    }

    /// What this replica counted of both groups.
    pub(super) fn figures(&self) -> (Counted, Counted) {
        let app = self.service.app();
        let active = app.generations.current(self.slot).unwrap();
        let trial = app.generations.trial(&active).unwrap();
        (trial.active.figures(), trial.candidate.figures())
    }

    pub(super) async fn samples(&self) -> Vec<DifferenceSample> {
        store(&self.service).differences(self.rollout).await.unwrap().samples
    }
}

/// By kind, in the order of the alphabet.
pub(super) async fn counted(
    service: &TestService,
    rollout: Uuid,
    calls: u64,
) -> Vec<(String, u64)> {
    let store = store(service);
    let mut counts = eventually(&format!("{calls} calls compared"), async || {
        let Differences { counts, .. } = store.differences(rollout).await.unwrap();
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        assert!(all <= calls, "more than {calls} calls: {counts:?}");
        (all == calls).then_some(counts)
    })
    .await;
    counts.sort();
    counts
}

/// Kinds and their counts, as they are expected.
pub(super) fn kinds(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

/// Serves in this place from now on.
pub(super) async fn activate(service: &TestService, slot: Slot, trying: Trying<'_>) -> u64 {
    let release = release(service, slot, trying).await;
    let (release, _) =
        store(service).release_activate(&release, false, Duration::ZERO, None).await.unwrap();
    let number = u64::try_from(release.number).unwrap();
    eventually("the release that serves", async || {
        (service.generation(slot).await == number).then_some(())
    })
    .await;
    number
}

/// Follows all calls of this place from now on; the trial.
pub(super) async fn shadow(service: &TestService, slot: Slot, candidate: Trying<'_>) -> Uuid {
    sample(service, slot, candidate, WHOLE).await
}

/// Follows so many hundredths of a percent of the calls.
pub(super) async fn sample(
    service: &TestService,
    slot: Slot,
    candidate: Trying<'_>,
    share: u32,
) -> Uuid {
    let release = release(service, slot, candidate).await;
    let number = store(service).release_add(&release).await.unwrap().number;
    let plan = RolloutPlan {
        mode: RolloutMode::Shadow,
        share,
        steps: Vec::new(),
        budgets: vec!["faults off".into(), "timeouts off".into(), "p99 off".into()],
        least_calls: None,
    };
    let (place, patience) = (slot.as_str(), Duration::from_hours(1));
    let begun =
        store(service).deploy_begin(place, number, patience, Some(&plan), &change()).await.unwrap();
    eventually("a trial on this replica", async || {
        trial(service, slot).filter(|rollout| *rollout == begun.id).map(|_| ())
    })
    .await;
    begun.id
}

/// Takes the candidate of a place out.
pub(super) async fn abort(service: &TestService, slot: Slot) {
    let place = slot.as_str();
    let (what, no_time) = (RolloutChange::Abort, Duration::ZERO);
    store(service).rollout_change(place, None, what, no_time, &change(), None).await.unwrap();
    eventually("the end of the trial", async || trial(service, slot).is_none().then_some(())).await;
}

/// What is tried in this place now.
pub(super) fn trial(service: &TestService, slot: Slot) -> Option<Uuid> {
    let app = service.app();
    let active = app.generations.current(slot)?;
    app.generations.trial(&active).map(|trial| trial.rollout)
}

async fn release(service: &TestService, slot: Slot, (name, settings): Trying<'_>) -> NewRelease {
    let bytes = if name == "default" { policy(slot) } else { guest(name) };
    // A guest that asks other services may ask whom its settings name, or nobody.
    let origin = settings["url"].as_str().and_then(|url| url.rsplit_once('/'));
    let bytes = match origin.filter(|_| settings["name"] != MAY_ASK_NOBODY) {
        Some((origin, _)) => asking(&bytes, json!({ "http": [format!("GET {origin} private")] })),
        None => bytes,
    };
    let digest = hex::sha256(&bytes);
    let info = ComponentInfo {
        digest: digest.clone(),
        wit: wit::version().into(),
        manifest: "{}".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        pushed_at: 0,
        pushed_by: "ann".into(),
    };
    store(service).component_put(&Component { info, bytes: bytes.into() }).await.unwrap();
    NewRelease {
        place: slot.as_str().into(),
        components: vec![ReleaseComponent { wit: wit::version().into(), digest }],
        settings: settings.to_string(),
        grants: "{}".into(),
        source: Source::Push,
        author: "ann".into(),
        message: "a test".into(),
        report: "{}".into(),
    }
}

/// Changes the database past the service.
pub(super) async fn execute(service: &TestService, statement: &str) {
    if let Some(database) = service.database() {
        let statement = AssertSqlSafe(statement.replace("{s}", "auth."));
        let mut connection = database.connection().await;
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut file = file(service).await;
        let statement = AssertSqlSafe(statement.replace("{s}", ""));
        sqlx::raw_sql(statement).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    }
}

/// All that the tables hold: the name of each, and its rows as a text.
pub(super) async fn contents(service: &TestService) -> Vec<(String, String)> {
    if let Some(database) = service.database() {
        return database.contents().await;
    }
    let mut file = file(service).await;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut file).await.unwrap();
    let mut contents = Vec::new();
    for table in tables {
        let columns = AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')"));
        let columns: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut file).await.unwrap();
        let quoted: Vec<String> = columns.iter().map(|name| format!("quote(\"{name}\")")).collect();
        let row = quoted.join(" || ',' || ");
        let rows = AssertSqlSafe(format!("SELECT {row} FROM \"{table}\""));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut file).await.unwrap();
        contents.push((table, rows.join("\n")));
    }
    file.close().await.unwrap();
    contents
}

async fn file(service: &TestService) -> SqliteConnection {
    let file = service.data_dir().join("auth.sqlite");
    SqliteConnectOptions::new().filename(&file).connect().await.unwrap()
}
