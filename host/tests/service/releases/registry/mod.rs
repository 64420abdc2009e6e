//! What the registry promises, whichever database it is in. It goes through [`Store`]: most of it
//! is about replicas that do something at the same time, and cannot be seen through the public
//! door.

mod changing;
mod comparing;
mod deploying;
mod keeping;
mod overtaking;
mod pruning;
mod readiness;
mod replicas;
pub(crate) mod trials;
mod trust;
mod turning;

use std::time::Duration;

use auth_host::store::Store;
use auth_host::store::registry::{
    Beat, Change, Component, ComponentInfo, Deployment, Expected, HistoryLine, Moved, NewRelease,
    PlaceState, RegistryError, RegistryRefusal, ReleaseComponent, Report, ReportState, Serving,
    Source,
};
use uuid::Uuid;

use crate::store::Opened;

const PATIENCE: Duration = Duration::from_mins(5);
const PROBATION: Duration = Duration::from_mins(10);

/// A registry with one component.
struct Registry {
    opened: Opened,
    store: Store,
}

impl Registry {
    async fn new() -> Self {
        let opened = Opened::new().await;
        let registry = Self { store: opened.store.clone(), opened };
        assert!(registry.store.component_put(&component("c0de", b"\0asm")).await.unwrap());
        registry
    }

    /// A new release of `login`, pushed; its number.
    async fn pushed(&self) -> i64 {
        self.store.release_add(&release("login")).await.unwrap().number
    }

    /// A new release of `login` that serves at once.
    async fn activated(&self) -> i64 {
        let release = release("login");
        self.store.release_activate(&release, false, PROBATION, None).await.unwrap().0.number
    }

    async fn login(&self) -> PlaceState {
        self.store.places().await.unwrap().into_iter().find(|at| at.place == "login").unwrap()
    }

    async fn begun(&self, number: i64) -> Deployment {
        self.store.deploy_begin("login", number, PATIENCE, None, &change("ann")).await.unwrap()
    }

    async fn settled(&self, deployment: &Deployment) -> Option<Deployment> {
        self.store.deploy_settle(deployment.id, PROBATION).await.unwrap()
    }

    async fn rolled_back(&self, to: Option<i64>) -> Result<Moved, RegistryError> {
        self.store.rollback("login", to, Expected::Anything, &change("bob"), None).await
    }

    /// A replica lives.
    async fn live(&self, name: &str) -> Uuid {
        let replica = Uuid::new_v4();
        self.beat(replica, name, None).await;
        replica
    }

    async fn beat(&self, replica: Uuid, name: &str, release: Option<i64>) {
        self.beat_since(5, replica, name, release).await;
    }

    async fn beat_since(&self, at: i64, replica: Uuid, name: &str, release: Option<i64>) {
        self.store.replica_beat(&beat(at, replica, name, release)).await.unwrap();
    }

    async fn reports(&self, deployment: &Deployment, replica: Uuid, state: ReportState) {
        let report = Report {
            replica,
            name: replica.to_string(),
            state,
            reasons: vec!["because \"\u{0}\" of that".to_owned()],
            milliseconds: 12,
            at: 0,
        };
        self.store.deploy_report(deployment.id, &report).await.unwrap();
    }

    /// What happened in `login`, oldest first: action, from, to.
    async fn history(&self) -> Vec<(String, Option<i64>, Option<i64>)> {
        let told = |line: HistoryLine| (line.action, line.from, line.to);
        self.lines().await.into_iter().map(told).collect()
    }

    async fn lines(&self) -> Vec<HistoryLine> {
        let mut lines = self.store.history(Some("login"), None, 1000).await.unwrap();
        lines.reverse();
        lines
    }
}

/// What a replica says that began then.
pub(crate) fn beat(started_at: i64, replica: Uuid, name: &str, release: Option<i64>) -> Beat {
    let serving =
        Serving { place: "login".to_owned(), release, rollouts: true, ..Serving::default() };
    Beat {
        replica,
        name: name.to_owned(),
        version: "1.2.3".to_owned(),
        wit_versions: vec!["0.2.0".to_owned(), "0.1.0".to_owned()],
        started_at,
        serving: vec![serving],
    }
}

pub(crate) fn component(digest: &str, bytes: &[u8]) -> Component {
    let info = ComponentInfo {
        digest: digest.to_owned(),
        wit: "0.2.0".to_owned(),
        manifest: "{}".to_owned(),
        size: i64::try_from(bytes.len()).unwrap(),
        pushed_at: 0,
        pushed_by: "ann".to_owned(),
    };
    Component { info, bytes: bytes.into() }
}

pub(crate) fn release(place: &str) -> NewRelease {
    NewRelease {
        place: place.to_owned(),
        components: vec![ReleaseComponent { wit: "0.2.0".to_owned(), digest: "c0de".to_owned() }],
        settings: r#"{"a": 1}"#.to_owned(),
        grants: "{}".to_owned(),
        source: Source::Push,
        author: "ann".to_owned(),
        message: "step-up after \0 failures".to_owned(),
        report: "{}".to_owned(),
    }
}

pub(crate) fn change(who: &str) -> Change {
    Change { who: who.to_owned(), why: "because".to_owned(), details: r#"{"calls":7}"#.to_owned() }
}

/// What was refused.
fn refusal<T: std::fmt::Debug>(answer: Result<T, RegistryError>) -> RegistryRefusal {
    match answer {
        Err(RegistryError::Refused(refusal)) => refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}
