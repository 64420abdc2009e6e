//! Replicas that take no part, or cannot hear what becomes of a trial.

use auth_host::contract::wit;
use auth_host::store::registry::RolloutChange;

use super::super::super::pushing::{activate, beside, replica, stop, two, version};
use super::{
    begin, candidate, decider, eventually, expected, named, people, plain, rollout, store, sum,
    tried_by,
};
use crate::support::{OwnDatabase, Proxy, lines_with};

#[tokio::test]
async fn a_replica_that_is_cut_off_tries_nothing_until_it_can_ask_again() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let direct = replica("a1").on_database(database.url()).start().await;
    let url = database.of().url_by(proxy.address());
    let away = replica("a2").on_database(&url).clock(direct.clock.clone()).start().await;
    let (_, number) = named(&direct).await;
    let half = begin(&direct, number, &plain(5_000)).await;
    tried_by(&direct, &half, 2).await;
    let people = people(20);
    let person = people.iter().find(|it| expected(&direct, &half, it) == "candidate").unwrap();
    for silent in [false, true] {
        assert_eq!(decider(&away, person).await, "candidate");
        if silent {
            proxy.freeze();
        } else {
            proxy.refuse();
        }
        eventually("the active release where nobody can be asked", async || {
            (decider(&away, person).await == "active").then_some(())
        })
        .await;
        assert_eq!(decider(&direct, person).await, "candidate", "the others go on");
        if silent {
            proxy.thaw();
        } else {
            proxy.accept();
        }
        eventually("the candidate again", async || {
            (decider(&away, person).await == "candidate").then_some(())
        })
        .await;
    }
    eventually("a line of the log", async || {
        let lines =
            lines_with(away.log_mark(), "this replica tries the release no more until it can");
        (!lines.is_empty()).then_some(())
    })
    .await;
    // What was aborted meanwhile stays so.
    proxy.refuse();
    rollout(&direct, RolloutChange::Abort).await;
    eventually("the end of the trial, unheard", async || {
        (decider(&away, person).await == "active").then_some(())
    })
    .await;
    proxy.accept();
    eventually("that it has heard of it", async || {
        let metrics = away.metrics().await;
        metrics.named("auth_policy_rollout_share").next().is_none().then_some(())
    })
    .await;
    assert_eq!(decider(&away, person).await, "active");
    away.stop().await;
    direct.stop().await;
}

#[tokio::test]
async fn a_pinned_replica_takes_no_part_and_says_so() {
    let [first, second] = two(|second| second).await;
    let (active, number) = named(&first).await;
    let builder = second.stop_and_keep().await;
    let second = builder.setting("POLICY_PIN", &format!("login/{active}")).start().await;
    let most = begin(&first, number, &plain(9_999)).await;
    let sum = eventually("what the pinned one says", async || {
        let sum = sum(&first, &most).await;
        let told = sum.missing.iter().any(|(_, why)| why.contains("pinned"));
        (sum.replicas == 1 && told).then_some(sum)
    })
    .await;
    assert_eq!(sum.missing, [("a2".to_owned(), "it serves a pinned release".to_owned())]);
    for person in people(10) {
        assert_eq!(decider(&second, &person).await, "active");
    }
    let labels = [("place", "login"), ("release", &*number.to_string())];
    assert_eq!(second.count("auth_policy_rollout_share", &labels).await, 0);
    stop([first, second]).await;
}

#[tokio::test]
async fn what_is_activated_beside_a_trial_ends_it_everywhere() {
    let first = replica("a1").on_postgres().start().await;
    let second = beside(&first, "a2").start().await;
    let (_, number) = named(&first).await;
    let most = begin(&first, number, &plain(9_999)).await;
    tried_by(&first, &most, 2).await;
    activate(&first, &[(wit::version(), &version("1.3.0"))]).await;
    for service in [&first, &second] {
        for person in people(5) {
            eventually("the one that was activated", async || {
                (service.login(&person).await.status == 401).then_some(())
            })
            .await;
        }
    }
    assert_eq!(candidate(&second).await, None);
    let line = store(&first).history(Some("login"), None, 5).await.unwrap();
    assert!(line.iter().any(|line| line.action == "overtaken"), "{line:?}");
    stop([first, second]).await;
}
