//! The story of trials on three replicas: a shadow that writes nowhere and whose differences are
//! counted exactly, a share that treats each person alike on all of them, a candidate that is
//! taken out by itself under load, and one that goes on to serve all by itself. It waits for
//! conditions; what it measures it only prints.

mod differing;
mod failing;
mod sharing;
mod silent;
mod stepping;
mod tables;

use reqwest::Method;
use serde_json::{Value, json};

use crate::releases::crowd::Crowd;
use crate::releases::fleet::Fleet;
use crate::releases::operator::Operator;
use crate::support::eventually;

const REPLICAS: [&str; 3] = ["a1", "a2", "a3"];
const CLIENTS: usize = 4;
/// So many requests see each state of the story that the crowd is there for.
const REQUESTS: usize = 60;
/// So often a shadow is tried at most, on a machine that has no time for all of it.
const TRIES: usize = 4;

/// Who takes part.
struct Story {
    fleet: Fleet,
    operator: Operator,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_tried_and_judged_before_anybody_depends_on_it() {
    // Who belongs to a share is the same in each run.
    let mut fleet =
        Fleet::new(&[("AUTH_MASTER_SECRET", "the master secret of the story of trials")]).await;
    for name in REPLICAS {
        fleet.start(name, None, &[]).await;
    }
    for place in ["register", "login", "refresh"] {
        fleet.serve(&REPLICAS, place, 1).await;
    }
    let operator = fleet.operator("a1", "ann", "operate").await;
    let story = Story { fleet, operator };

    silent::nothing_of_a_shadow_is_written(&story).await;
    sharing::each_person_is_treated_alike_on_all_replicas(&story).await;
    let crowd = Crowd::begin(&story.fleet.balancer, CLIENTS);
    crowd.more(REQUESTS).await;
    differing::a_disagreement_is_counted_exactly(&story, &crowd).await;
    failing::a_candidate_that_fails_is_out_on_all_by_itself(&story, &crowd).await;
    stepping::steps_go_on_by_themselves(&story, &crowd).await;

    let (residents, tally) = crowd.end().await;
    println!("{}", tally.summary());
    story.fleet.knows_all(residents).await;
    story.fleet.end().await;
}

impl Story {
    /// Lets a release be tried; the trial's id.
    async fn begin(&self, release: &str, rollout: Value) -> String {
        let body = json!({ "release": release, "message": "a test", "rollout": rollout });
        let (status, begun) = self.operator.ask(Method::POST, "deployments", Some(&body)).await;
        assert_eq!(status, 202, "{begun}");
        let id = begun["id"].as_str().unwrap();
        let ended = self.operator.ended(id).await;
        assert_eq!(ended["state"], "activated", "{ended}");
        id.to_owned()
    }

    /// The same, and goes on once all three try it; the trial.
    async fn try_out(&self, release: &str, rollout: Value) -> Value {
        let id = self.begin(release, rollout).await;
        let place = release.split('/').next().unwrap();
        eventually(&format!("a trial of {release} on all"), async || {
            let candidate = self.operator.place(place).await["candidate"].clone();
            let is_it = candidate["rollout"] == id.as_str() && candidate["release"] == release;
            (is_it && candidate["replicas"] == REPLICAS.len()).then_some(candidate)
        })
        .await
    }

    /// Ends a trial, and goes on once no replica runs it.
    async fn abort(&self, place: &str) {
        let (path, body) = (format!("places/{place}/rollout/abort"), json!({ "message": "over" }));
        let (status, body) = self.operator.ask(Method::POST, &path, Some(&body)).await;
        assert_eq!(status, 200, "{body}");
        self.nobody_tries(place).await;
    }

    /// Goes on once no replica runs a trial of this place: they forget its series with it.
    async fn nobody_tries(&self, place: &str) {
        let series = ("auth_policy_rollout_share", [("place", place)]);
        for name in REPLICAS {
            eventually(&format!("no trial of {place} on {name}"), async || {
                let metrics = self.fleet.metrics(name).await;
                metrics.matching(series.0, &series.1).is_empty().then_some(())
            })
            .await;
        }
    }

    /// What a trial has shown.
    async fn shown(&self, place: &str, trial: &Value) -> Value {
        let id = trial["rollout"].as_str().unwrap();
        self.operator.told(&format!("places/{place}/rollout?rollout={id}")).await
    }
}

/// The number of a release.
fn number(release: &str) -> i64 {
    release.rsplit_once('/').unwrap().1.parse().unwrap()
}

/// How often each kind was counted, but `same`.
fn kinds(shown: &Value) -> Vec<(String, u64)> {
    let kinds = shown["kinds"].as_array().unwrap().iter();
    let kinds = kinds.map(|kind| {
        let name = format!("{}:{}", kind["what"].as_str().unwrap(), kind["kind"].as_str().unwrap());
        (name, kind["count"].as_u64().unwrap())
    });
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_unstable();
    kinds
}

/// How many calls were left out, but for those whose decision was not carried out: these are told
/// from the others on any machine.
fn left_out(shown: &Value) -> u64 {
    let decided = ["skipped:not_carried_out", "skipped:no_decision"];
    let of = |kind: &str| kind.starts_with("skipped:") && !decided.contains(&kind);
    kinds(shown).iter().filter(|(kind, _)| of(kind)).map(|(_, count)| count).sum()
}
