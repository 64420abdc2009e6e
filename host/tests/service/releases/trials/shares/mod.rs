//! Shares: a candidate decides about a part of all people, always the same ones, on every replica;
//! it is taken out when it fails, and grows by itself while it does well.

mod apart;
mod routing;
mod steps;
mod taking_out;

use std::time::Duration;

use auth_host::policy::health::Subject;
use auth_host::policy::rollout::{TrialSum, bucket, of_trial};
use auth_host::store::registry::{
    Candidate, DeploymentState, HistoryLine, PlaceState, RolloutChange, RolloutMode, RolloutPlan,
    RolloutStep,
};
use serde_json::json;

use super::super::pushing::{change, deploy, ended, push, store};
use crate::support::{Person, TestService, eventually, guest};

/// A share without steps, in hundredths of a percent.
fn plain(share: u32) -> RolloutPlan {
    RolloutPlan {
        mode: RolloutMode::Share,
        share,
        steps: Vec::new(),
        budgets: Vec::new(),
        least_calls: Some(5),
    }
}

/// One that grows by itself, after an hour each.
fn growing(shares: &[u32]) -> RolloutPlan {
    let step = |share: &u32| RolloutStep { share: *share, hold_milliseconds: 3_600_000 };
    RolloutPlan { steps: shares.iter().map(step).collect(), ..plain(shares[0]) }
}

/// Tries a release that was pushed.
async fn begin(service: &TestService, number: i64, plan: &RolloutPlan) -> Candidate {
    let patience = Duration::from_mins(5);
    let store = store(service);
    let begun = store.deploy_begin("login", number, patience, Some(plan), &change()).await.unwrap();
    let deployment = ended(service, &begun).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    candidate(service).await.unwrap()
}

async fn login_place(service: &TestService) -> PlaceState {
    let places = store(service).places().await.unwrap();
    places.into_iter().find(|place| place.place == "login").unwrap()
}

async fn candidate(service: &TestService) -> Option<Candidate> {
    login_place(service).await.candidate
}

async fn line(service: &TestService) -> HistoryLine {
    store(service).history(Some("login"), None, 1).await.unwrap().remove(0)
}

/// What all replicas together say of the trial.
async fn sum(service: &TestService, candidate: &Candidate) -> TrialSum {
    of_trial("login", candidate, &store(service).replicas().await.unwrap())
}

/// Waits until so many replicas try a candidate at its turn.
async fn tried_by(service: &TestService, candidate: &Candidate, replicas: usize) {
    eventually("replicas that try it", async || {
        (sum(service, candidate).await.replicas == replicas).then_some(())
    })
    .await;
}

async fn rollout(service: &TestService, what: RolloutChange) -> PlaceState {
    let store = store(service);
    store.rollout_change("login", None, what, Duration::ZERO, &change(), None).await.unwrap()
}

/// Two releases that refuse every login in words of their own: the active one's number, and that of
/// one that can be tried.
async fn named(service: &TestService) -> (i64, i64) {
    let component = guest("login_names_itself");
    let active = deploy(service, &component, &json!({ "name": "active" })).await;
    (active, push(service, &component, &json!({ "name": "candidate" })).await)
}

/// Who decides about somebody's login.
async fn decider(service: &TestService, person: &Person) -> String {
    let answer = service.login(person).await;
    answer.refused(403, "go_away").json()["error"].as_str().unwrap().to_owned()
}

/// Who should, by the key that all replicas have.
fn expected(service: &TestService, candidate: &Candidate, person: &Person) -> &'static str {
    let subject = Subject::Email(person.email.clone());
    let key = &service.app().services.keys.policy_share;
    let release = u64::try_from(candidate.release).unwrap();
    let place = bucket(key, "login", release, &subject);
    if place < candidate.share { "candidate" } else { "active" }
}

fn people(number: usize) -> Vec<Person> {
    (0..number).map(|number| Person::new(&format!("person{number}"))).collect()
}

/// Two beats of each later all have judged what is known now.
async fn all_judge(service: &TestService) {
    let store = store(service);
    let beats = async || store.replicas().await.unwrap().iter().map(|it| it.last_seen).min();
    for _ in 0..3 {
        let before = beats().await;
        eventually("a beat of each", async || (beats().await > before).then_some(())).await;
    }
}
