//! Deployments: all live replicas are asked, and one transaction ends them.

use std::time::Duration;

use auth_host::store::registry::{DeploymentState, RegistryRefusal, ReportState};
use uuid::Uuid;

use super::{PATIENCE, Registry, change, refusal};
use crate::support::in_time;

fn place() -> String {
    "login".to_owned()
}

#[tokio::test]
async fn a_deployment_serves_once_every_live_replica_is_ready() {
    let registry = Registry::new().await;
    registry.activated().await;
    let (first, second) = (registry.live("a1").await, registry.live("a2").await);
    let number = registry.pushed().await;
    let begun = registry.begun(number).await;
    assert_eq!(
        (begun.state, begun.deadline - begun.asked_at),
        (DeploymentState::Preparing, 300_000)
    );
    assert_eq!(begun.waiting_for, ["a1", "a2"]);
    assert_eq!(registry.settled(&begun).await, None);
    registry.reports(&begun, first, ReportState::Ready).await;
    assert_eq!(registry.settled(&begun).await, None);
    let open = registry.store.open_deployments().await.unwrap();
    assert_eq!((open.len(), &open[0].waiting_for[..]), (1, &["a2".to_owned()][..]));
    assert_eq!(open[0].reports.len(), 1);
    registry.reports(&begun, second, ReportState::Ready).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!((ended.state, ended.reports.len()), (DeploymentState::Activated, 2));
    assert!(ended.ended_at.is_some() && ended.waiting_for.is_empty());
    assert_eq!(ended.reports[0].reasons, ["because \"\u{0}\" of that"]);
    let at = registry.login().await;
    assert_eq!((at.active, at.revision, &at.previous[..]), (number, 2, &[1][..]));
    assert_eq!((&*at.activated_by, at.probation_until), ("ann", Some(at.activated_at + 600_000)));
    assert_eq!(registry.settled(&begun).await, None, "it has ended");
    assert!(registry.store.open_deployments().await.unwrap().is_empty());
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.action, line.from, line.to), ("activated", Some(1), Some(number)));
    assert!(line.details.contains(&first.to_string()), "{}", line.details);
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1);
}

#[tokio::test]
async fn one_refusal_activates_nothing_and_the_last_word_of_a_replica_counts() {
    let registry = Registry::new().await;
    registry.activated().await;
    let (first, second) = (registry.live("a1").await, registry.live("a2").await);
    let begun = registry.begun(registry.pushed().await).await;
    registry.reports(&begun, first, ReportState::Refused).await;
    registry.reports(&begun, first, ReportState::Ready).await;
    assert_eq!(registry.settled(&begun).await, None);
    registry.reports(&begun, second, ReportState::Refused).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!(ended.state, DeploymentState::Refused);
    let refused: Vec<Uuid> = ended
        .reports
        .iter()
        .filter(|report| report.state == ReportState::Refused)
        .map(|report| report.replica)
        .collect();
    assert_eq!(refused, [second]);
    registry.reports(&begun, second, ReportState::Ready).await;
    let later = registry.store.deployment(begun.id).await.unwrap().unwrap();
    assert_eq!(later, ended, "one that has ended takes no report");
    let at = registry.login().await;
    assert_eq!((at.active, at.revision), (1, 1));
    let told: Vec<String> = registry.history().await.into_iter().map(|line| line.0).collect();
    assert_eq!(told, ["activated", "pushed", "deploy_began", "deploy_refused"]);
}

#[tokio::test]
async fn a_replica_that_dies_is_not_waited_for_and_one_that_joins_is() {
    let registry = Registry::new().await;
    let (first, dying) = (registry.live("a1").await, registry.live("a2").await);
    let leaving = registry.live("a3").await;
    let begun = registry.begun(registry.pushed().await).await;
    registry.reports(&begun, first, ReportState::Ready).await;
    registry.store.replica_gone(leaving).await.unwrap();
    registry.opened.clock.advance(Duration::from_secs(9));
    registry.beat(first, "a1", None).await;
    assert_eq!(registry.settled(&begun).await, None, "{dying} may still live");
    registry.opened.clock.advance(Duration::from_secs(1));
    let joined = registry.live("a4").await;
    let waits = registry.store.deployment(begun.id).await.unwrap().unwrap().waiting_for;
    assert_eq!(waits, ["a4"]);
    assert_eq!(registry.settled(&begun).await, None);
    registry.reports(&begun, joined, ReportState::Ready).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!(ended.state, DeploymentState::Activated);
    assert_eq!(registry.login().await.active, 1, "the first of its place");
}

#[tokio::test]
async fn a_pinned_replica_takes_no_part_and_pinned_ones_alone_activate_nothing() {
    let registry = Registry::new().await;
    let (pinned, other) = (registry.live("a1").await, registry.live("a2").await);
    let begun = registry.begun(registry.pushed().await).await;
    registry.reports(&begun, pinned, ReportState::Pinned).await;
    registry.reports(&begun, other, ReportState::Pinned).await;
    assert_eq!(registry.settled(&begun).await, None);
    registry.reports(&begun, other, ReportState::Ready).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!(ended.state, DeploymentState::Activated);
}

#[tokio::test]
async fn nothing_is_activated_while_nobody_lives_or_after_the_deadline() {
    let registry = Registry::new().await;
    let number = registry.pushed().await;
    let begun = registry.begun(number).await;
    assert_eq!(registry.settled(&begun).await, None, "nobody lives");
    registry.opened.clock.advance(PATIENCE);
    let replica = registry.live("a1").await;
    registry.reports(&begun, replica, ReportState::Ready).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!(ended.state, DeploymentState::Expired);
    assert!(registry.store.places().await.unwrap().is_empty());
    let second = registry.begun(number).await;
    registry.opened.clock.advance(PATIENCE);
    let third = registry.begun(number).await;
    assert_ne!(second.id, third.id, "one that nobody ended stands in nobody's way");
    let second = registry.store.deployment(second.id).await.unwrap().unwrap();
    assert_eq!(second.state, DeploymentState::Expired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_deployments_at_once_one_begins_and_the_other_is_told_who_deploys() {
    let registry = Registry::new().await;
    let numbers = [registry.pushed().await, registry.pushed().await];
    let other = registry.opened.another().await;
    let (ann, bob) = (change("ann"), change("bob"));
    let (first, second) = in_time("both", async {
        tokio::join!(
            registry.store.deploy_begin("login", numbers[0], PATIENCE, None, &ann),
            other.deploy_begin("login", numbers[1], PATIENCE, None, &bob),
        )
    })
    .await;
    let (won, lost) = match (first, second) {
        (Ok(won), lost) | (lost, Ok(won)) => (won, lost),
        neither => panic!("{neither:?}"),
    };
    let expected =
        RegistryRefusal::Deploying { place: place(), release: won.release, who: won.who.clone() };
    assert_eq!(refusal(lost), expected);
    let again = registry.store.deploy_begin("login", won.release, PATIENCE, None, &bob).await;
    assert_eq!(refusal(again), expected);
    let none = registry.store.deploy_begin("login", 99, PATIENCE, None, &ann).await;
    assert_eq!(refusal(none), RegistryRefusal::NoRelease { place: place(), number: 99 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_replicas_that_end_a_deployment_at_once_one_does() {
    let registry = Registry::new().await;
    let replica = registry.live("a1").await;
    let begun = registry.begun(registry.pushed().await).await;
    registry.reports(&begun, replica, ReportState::Ready).await;
    let stores = [registry.store.clone(), registry.opened.another().await, registry.store.clone()];
    let all = stores.iter().map(|store| store.deploy_settle(begun.id, super::PROBATION));
    let answers = in_time("all of them", futures_util::future::join_all(all)).await;
    let ended: Vec<_> = answers.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(registry.login().await.revision, 1);
    let told: Vec<String> = registry.history().await.into_iter().map(|line| line.0).collect();
    assert_eq!(told, ["pushed", "deploy_began", "activated"]);
    let again = registry.store.deploy_begin("login", 1, PATIENCE, None, &change("bob")).await;
    assert_eq!(refusal(again), RegistryRefusal::ServesAlready { place: place(), number: 1 });
}

#[tokio::test]
async fn a_rollback_cancels_what_is_being_prepared() {
    let registry = Registry::new().await;
    registry.activated().await;
    registry.activated().await;
    let replica = registry.live("a1").await;
    let begun = registry.begun(registry.pushed().await).await;
    registry.reports(&begun, replica, ReportState::Ready).await;
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1);
    assert_eq!(registry.settled(&begun).await, None);
    let ended = registry.store.deployment(begun.id).await.unwrap().unwrap();
    assert_eq!(ended.state, DeploymentState::Cancelled);
    assert_eq!(registry.login().await.active, 1);
    let told = registry.history().await;
    let told: Vec<&str> = told.iter().map(|line| &*line.0).rev().take(2).collect();
    assert_eq!(told, ["rolled_back", "deploy_cancelled"]);
}

#[tokio::test]
async fn a_deployment_is_cancelled_once() {
    let registry = Registry::new().await;
    let number = registry.pushed().await;
    let begun = registry.begun(number).await;
    let cancelled = registry.store.deploy_cancel(begun.id, &change("bob")).await.unwrap();
    assert_eq!(cancelled.state, DeploymentState::Cancelled);
    let again = registry.store.deploy_cancel(begun.id, &change("bob")).await;
    assert_eq!(refusal(again), RegistryRefusal::NoDeployment);
    let unknown = registry.store.deploy_cancel(Uuid::new_v4(), &change("bob")).await;
    assert_eq!(refusal(unknown), RegistryRefusal::NoDeployment);
    assert_eq!(registry.store.deployment(Uuid::new_v4()).await.unwrap(), None);
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.action, &*line.who), ("deploy_cancelled", "bob"));
    registry.begun(number).await;
}
