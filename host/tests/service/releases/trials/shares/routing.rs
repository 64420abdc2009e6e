//! Who is decided about by whom.

use auth_host::contract::{Slot, wit};
use auth_host::policy::health::Subject;
use auth_host::policy::rollout::bucket;
use auth_host::store::registry::{
    DeploymentState, NewRelease, ReleaseComponent, RolloutChange, Source,
};

use super::super::super::pushing::{beside, put, replica, stop, two};
use super::{
    Duration, Person, RolloutPlan, TestService, begin, change, decider, ended, eventually,
    expected, guest, named, people, plain, rollout, store, sum, tried_by,
};

#[tokio::test]
async fn people_of_the_share_are_decided_about_by_the_candidate_on_all_replicas() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let (active, number) = named(both[0]).await;
    let half = begin(both[0], number, &plain(5_000)).await;
    assert_eq!((half.base, half.turn), (active, 1));
    tried_by(both[0], &half, 2).await;
    let people = people(40);
    let mut before = Vec::new();
    for person in &people {
        let expected = expected(both[0], &half, person);
        for service in both {
            assert_eq!(decider(service, person).await, expected, "{}", person.email);
        }
        before.push(expected);
    }
    let within = before.iter().filter(|decider| **decider == "candidate").count();
    assert!((5..35).contains(&within), "{within} of 40");
    // Each is counted, with whom decided.
    let counted = eventually("all calls in the figures", async || {
        let sum = sum(both[1], &half).await;
        (sum.active.calls + sum.candidate.calls == 80).then_some(sum)
    })
    .await;
    assert_eq!(counted.candidate.calls, 2 * u64::try_from(within).unwrap());
    assert_eq!(counted.candidate.refusals["go_away"], counted.candidate.calls);
    // A larger share keeps those that it had.
    let more = begin(both[1], number, &plain(7_500)).await;
    assert_eq!(more.turn, 2);
    tried_by(both[0], &more, 2).await;
    let mut came = 0;
    for (person, before) in people.iter().zip(&before) {
        let now = decider(both[came % 2], person).await;
        assert_eq!(now, expected(both[0], &more, person));
        assert!(*before == "active" || now == "candidate", "{} left", person.email);
        came += usize::from(*before != now);
    }
    assert!(came > 0, "nobody came");
    stop(services).await;
}

#[tokio::test]
async fn the_metrics_of_a_trial_are_shown_while_it_lasts() {
    let service = replica("a1").start().await;
    let (_, number) = named(&service).await;
    let half = begin(&service, number, &plain(5_000)).await;
    tried_by(&service, &half, 1).await;
    for person in people(20) {
        decider(&service, &person).await;
    }
    let text = service.get("/metrics").await.text();
    let labels = format!("mode=\"share\",place=\"login\",release=\"{number}\",service=\"auth\"");
    let line = format!("auth_policy_rollout_share{{{labels}}} 0.5");
    assert!(text.contains(&line), "{text}");
    let candidates = [("place", "login"), ("release", &*number.to_string())];
    assert!(service.count("auth_policy_release_calls_total", &candidates).await > 0);
    let actives = [("place", "login"), ("release", &*half.base.to_string())];
    assert!(service.count("auth_policy_release_calls_total", &actives).await > 0);
    eventually("a verdict", async || {
        (service.count("auth_policy_rollout_verdict", &[("place", "login")]).await == 1)
            .then_some(())
    })
    .await;
    rollout(&service, RolloutChange::Abort).await;
    eventually("no series of the trial", async || {
        let metrics = service.metrics().await;
        let names = [
            "auth_policy_rollout_share",
            "auth_policy_rollout_verdict",
            "auth_policy_rollout_overdue_seconds",
        ];
        names.iter().all(|name| metrics.named(name).next().is_none()).then_some(())
    })
    .await;
    assert!(
        service.metrics().await.named("auth_policy_taken_out_total").all(|it| it.value == 0),
        "nobody was taken out"
    );
    service.stop().await;
}

#[tokio::test]
async fn an_address_is_in_a_share_or_not_however_it_is_written() {
    let service = replica("a1").start().await;
    let (_, number) = named(&service).await;
    let half = begin(&service, number, &plain(5_000)).await;
    tried_by(&service, &half, 1).await;
    let mut deciders = std::collections::BTreeSet::new();
    for person in people(20) {
        let by = decider(&service, &person).await;
        let loud = Person { email: format!(" {} ", person.email.to_uppercase()), ..person };
        assert_eq!(decider(&service, &loud).await, by, "{}", loud.email);
        deciders.insert(by);
    }
    assert_eq!(deciders.len(), 2, "{deciders:?}");
    service.stop().await;
}

#[tokio::test]
async fn refreshes_are_shared_out_by_account_and_a_session_stays_where_it_is() {
    let service = TestService::start().await;
    let mut sessions = Vec::new();
    for person in people(16) {
        sessions.push(service.register(&person.form()).await.tokens());
    }
    let component = guest("refresh_refuses");
    let digest = auth_host::hex::sha256(&component);
    put(&service, &digest, wit::version(), &component).await;
    let release = NewRelease {
        place: "refresh".into(),
        components: vec![ReleaseComponent { wit: wit::version().into(), digest }],
        settings: "{}".into(),
        grants: "{}".into(),
        source: Source::Push,
        author: "ann".into(),
        message: "a test".into(),
        report: "{}".into(),
    };
    let store = store(&service);
    let number = store.release_add(&release).await.unwrap().number;
    // It refuses everybody: here that is no reason to take it out.
    let plan = RolloutPlan { budgets: vec!["refusals off".into()], ..plain(5_000) };
    let patience = Duration::from_mins(5);
    let begun = store.deploy_begin("refresh", number, patience, Some(&plan), &change()).await;
    let deployment = ended(&service, &begun.unwrap()).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    let generations = std::sync::Arc::clone(&service.app().generations);
    eventually("the trial", async || generations.trial(&*generations.current(Slot::Refresh)?))
        .await;
    let release = u64::try_from(number).unwrap();
    let mut refused = 0;
    for tokens in sessions {
        let account = Subject::Account(tokens.user_id);
        let key = &service.app().services.keys.policy_share;
        let answer = service.refresh(&tokens.refresh).await;
        if bucket(key, "refresh", release, &account) < 5_000 {
            assert_ne!(answer.status, 200, "{}", answer.text());
            assert_ne!(service.refresh(&tokens.refresh).await.status, 200);
            refused += 1;
        } else {
            let next = answer.tokens();
            service.refresh(&next.refresh).await.tokens();
        }
    }
    assert!((1..16).contains(&refused), "{refused} of 16");
    service.stop().await;
}

#[tokio::test]
async fn a_replica_that_joins_takes_part_once_it_is_ready_and_one_that_leaves_is_not_missed() {
    let first = replica("a1").on_postgres().start().await;
    let (_, number) = named(&first).await;
    let half = begin(&first, number, &plain(5_000)).await;
    tried_by(&first, &half, 1).await;
    let second = beside(&first, "a2").start().await;
    tried_by(&first, &half, 2).await;
    for person in people(20) {
        let expected = expected(&first, &half, &person);
        for service in [&first, &second] {
            assert_eq!(decider(service, &person).await, expected, "{}", person.email);
        }
    }
    second.stop().await;
    let sum = eventually("one replica", async || {
        let sum = sum(&first, &half).await;
        (sum.replicas == 1).then_some(sum)
    })
    .await;
    assert!(sum.missing.is_empty(), "{sum:?}");
    first.stop().await;
}
