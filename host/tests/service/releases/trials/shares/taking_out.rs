//! A candidate goes: somebody aborts it, or it is judged bad.

use auth_host::store::registry::RolloutChange;
use serde_json::Value;

use super::super::super::pushing::{deploy, push, replica, rollback, serve, stop, two, version};
use super::{
    Person, all_judge, begin, candidate, decider, eventually, expected, guest, json, line,
    login_place, named, people, plain, rollout, store, sum, tried_by,
};
use crate::support::{lines_with, mark};

#[tokio::test]
async fn an_abort_and_a_rollback_reach_all_replicas() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let (active, number) = named(both[0]).await;
    let people = people(20);
    for way in ["abort", "rollback"] {
        let most = begin(both[0], number, &plain(9_000)).await;
        tried_by(both[0], &most, 2).await;
        let person = people.iter().find(|it| expected(both[0], &most, it) == "candidate").unwrap();
        for service in both {
            assert_eq!(decider(service, person).await, "candidate");
        }
        if way == "abort" {
            rollout(both[0], RolloutChange::Abort).await;
        } else {
            let moved = rollback(both[0], None).await;
            assert_eq!((moved.from, moved.to), (Some(number), active));
        }
        for service in both {
            eventually("the active release for all", async || {
                (decider(service, person).await == "active").then_some(())
            })
            .await;
        }
        assert_eq!(login_place(both[1]).await.active, active);
    }
    stop(services).await;
}

#[tokio::test]
async fn a_candidate_that_fails_is_taken_out_by_itself_on_all_replicas() {
    let begin_of_log = mark();
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let active = deploy(both[0], &version("1.1.0"), &json!({})).await;
    serve(both, active).await;
    let number = push(both[0], &guest("panics"), &json!({})).await;
    let half = begin(both[0], number, &plain(5_000)).await;
    tried_by(both[0], &half, 2).await;
    let mut came = 0;
    eventually("that it is taken out", async || {
        for _ in 0..10 {
            let person = Person::new(&format!("person{came}"));
            let answer = both[came % 2].login(&person).await;
            assert!([401, 503].contains(&answer.status), "{}", answer.text());
            came += 1;
        }
        candidate(both[0]).await.is_none().then_some(())
    })
    .await;
    for service in both {
        let labels = [("place", "login")];
        eventually("that nobody tries it", async || {
            let generations = &service.app().generations;
            let active = generations.current(auth_host::contract::Slot::Login)?;
            generations.trial(&active).is_none().then_some(())
        })
        .await;
        assert_eq!(service.count("auth_policy_rollout_share", &labels).await, 0);
    }
    assert_eq!(login_place(both[0]).await.active, active);
    let line = line(both[0]).await;
    assert_eq!((&*line.action, &*line.who), ("taken_out", "judgement"));
    assert_eq!((line.from, line.to), (Some(number), Some(active)));
    assert!(line.why.contains("it spoiled"), "{}", line.why);
    let details: Value = serde_json::from_str(&line.details).unwrap();
    assert_eq!(details["judgement"]["verdict"], "bad", "{details}");
    assert_eq!(details["judgement"]["metric"], "faults", "{details}");
    assert!(details["calls"].as_u64().unwrap() >= 5, "{details}");
    let rollouts = store(both[0]).rollouts("login", 1).await.unwrap();
    assert_eq!(rollouts[0].ending.as_deref(), Some("taken_out"));
    both[0].published().await;
    let mut events = both[0].events().await;
    events.extend(both[1].events().await);
    let told = events.iter().map(ToString::to_string);
    assert_eq!(told.filter(|event| event.contains("policy.rolled_back")).count(), 1);
    let lines = lines_with(begin_of_log, "a candidate was judged bad");
    let ours = |line: &&Value| line["reason"] == json!(line_why(&details));
    assert_eq!(lines.iter().filter(ours).count(), 1, "{lines:?}");
    let labels = [("place", "login"), ("metric", "faults")];
    let mut counted = 0;
    for service in both {
        counted += service.count("auth_policy_taken_out_total", &labels).await;
    }
    assert_eq!(counted, 1, "who did it counted it");
    stop(services).await;
}

fn line_why(details: &Value) -> &str {
    details["judgement"]["sentence"].as_str().unwrap()
}

#[tokio::test]
async fn one_person_alone_takes_no_candidate_out() {
    let service = replica("a1").start().await;
    deploy(&service, &version("1.1.0"), &json!({})).await;
    let number = push(&service, &guest("panics"), &json!({})).await;
    let half = begin(&service, number, &plain(5_000)).await;
    tried_by(&service, &half, 1).await;
    let people = people(40);
    let (within, others): (Vec<_>, Vec<_>) =
        people.iter().partition(|it| expected(&service, &half, it) == "candidate");
    for person in &others {
        service.login(person).await.refused(401, "invalid_credentials");
    }
    for _ in 0..30 {
        for person in &within[..2] {
            service.login(person).await.refused(503, "policy_fault");
        }
    }
    all_judge(&service).await;
    let counted = sum(&service, &half).await.candidate;
    assert!((1..60).contains(&counted.faults), "a few calls a minute of each: {counted:?}");
    assert_eq!(counted.failing.len(), 2, "{counted:?}");
    assert!(candidate(&service).await.is_some());
    // Somebody else whose login it spoils, and it is one too many.
    for person in &within[2..] {
        service.login(person).await;
    }
    eventually("that it is taken out", async || candidate(&service).await.is_none().then_some(()))
        .await;
    service.stop().await;
}
