//! What serves in a place, and the way back.

use std::time::Duration;

use auth_host::events::NewEvent;
use auth_host::store::registry::{
    DeploymentState, EventOfMove, Expected, Moved, PlaceState, RegistryRefusal,
};
use serde_json::{Value, json};

use super::{PROBATION, Registry, change, refusal, release};
use crate::support::in_time;

fn place() -> String {
    "login".to_owned()
}

#[tokio::test]
async fn what_served_is_kept_ready_up_to_five() {
    let registry = Registry::new().await;
    for number in 1..=8 {
        assert_eq!(registry.activated().await, number);
    }
    let at = registry.login().await;
    assert_eq!((at.active, at.revision), (8, 8));
    assert_eq!(at.previous, [7, 6, 5, 4, 3]);
    assert_eq!(at.previous.len(), PlaceState::MOST_PREVIOUS);
    assert_eq!(at.probation_until, Some(at.activated_at + 600_000));
    assert!(registry.store.release("login", 1).await.unwrap().unwrap().first_active_at.is_some());
}

#[tokio::test]
async fn a_rollback_goes_back_to_the_one_before_and_the_next_one_further() {
    let registry = Registry::new().await;
    for _ in 0..4 {
        registry.activated().await;
    }
    let moved = registry.rolled_back(None).await.unwrap();
    assert_eq!((moved.from, moved.to, moved.revision), (Some(4), 3, 5));
    let at = registry.login().await;
    assert_eq!((at.active, &*at.activated_by, at.probation_until), (3, "bob", None));
    assert_eq!(at.previous, [2, 1]);
    assert_eq!(registry.rolled_back(Some(1)).await.unwrap().to, 1);
    assert_eq!(registry.login().await.previous, [0; 0]);
    assert_eq!(
        refusal(registry.rolled_back(None).await),
        RegistryRefusal::NothingBefore { place: place() }
    );
    assert_eq!(registry.rolled_back(Some(4)).await.unwrap().to, 4, "also forward, if it served");
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.who, &*line.why, &*line.action), ("bob", "because", "rolled_back"));
    assert_eq!((line.from, line.to, &*line.details), (Some(1), Some(4), r#"{"calls":7}"#));
}

#[tokio::test]
async fn a_rollback_to_what_is_not_there_or_never_served_is_refused() {
    let registry = Registry::new().await;
    assert_eq!(
        refusal(registry.rolled_back(None).await),
        RegistryRefusal::EmptyPlace { place: place() }
    );
    registry.activated().await;
    let number = registry.pushed().await;
    assert_eq!(
        refusal(registry.rolled_back(Some(number)).await),
        RegistryRefusal::NeverServed { place: place(), number }
    );
    assert_eq!(
        refusal(registry.rolled_back(Some(99)).await),
        RegistryRefusal::NoRelease { place: place(), number: 99 }
    );
    assert_eq!(
        refusal(registry.rolled_back(Some(1)).await),
        RegistryRefusal::ServesAlready { place: place(), number: 1 }
    );
    assert_eq!(registry.login().await.revision, 1);
}

fn fallen_back(moved: &Moved) -> NewEvent {
    NewEvent {
        event_type: "policy.rolled_back".to_owned(),
        data: json!({ "place": "login", "to": moved.to }).as_object().unwrap().clone(),
        ordering_key: Some("policy:login".to_owned()),
        traceparent: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_replicas_that_let_a_release_fall_back_at_once_one_does_with_one_event() {
    let registry = Registry::new().await;
    for _ in 0..3 {
        registry.activated().await;
    }
    let expected = Expected::Probation(registry.login().await.revision);
    let change = change("auth-host");
    let stores = [registry.store.clone(), registry.opened.another().await, registry.store.clone()];
    let event: EventOfMove<'_> = Some(&fallen_back);
    let all = stores.iter().map(|store| store.rollback("login", None, expected, &change, event));
    let answers = in_time("all fall-backs", futures_util::future::join_all(all)).await;
    let (moved, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(moved.len(), 1, "{moved:?} {refused:?}");
    for answer in refused {
        let changed = RegistryRefusal::ChangedMeanwhile { place: place(), active: 2 };
        assert_eq!(refusal(answer), changed);
    }
    assert_eq!(registry.history().await.last().unwrap().0, "fell_back");
    let events = registry.opened.rows().await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&*events[0].event_type, &*events[0].ordering_key),
        ("policy.rolled_back", "policy:login")
    );
    let body: Value = serde_json::from_str(&events[0].payload).unwrap();
    assert_eq!(body, json!({ "place": "login", "to": 2 }), "it belongs to no account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_people_who_roll_the_same_release_back_at_once_one_does() {
    let registry = Registry::new().await;
    for _ in 0..3 {
        registry.activated().await;
    }
    let change = change("ann");
    let stores = [registry.store.clone(), registry.opened.another().await, registry.store.clone()];
    let seen = Expected::Release(3);
    let all = stores.iter().map(|store| store.rollback("login", None, seen, &change, None));
    let answers = in_time("all rollbacks", futures_util::future::join_all(all)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    for answer in answers.into_iter().filter(Result::is_err) {
        let changed = RegistryRefusal::ChangedMeanwhile { place: place(), active: 2 };
        assert_eq!(refusal(answer), changed);
    }
    assert_eq!(registry.login().await.active, 2);
    assert_eq!(registry.history().await.last().unwrap().0, "rolled_back");
}

#[tokio::test]
async fn a_release_falls_back_on_probation_only() {
    let registry = Registry::new().await;
    registry.activated().await;
    registry.activated().await;
    let fall_back = async || {
        let expected = Expected::Probation(registry.login().await.revision);
        registry.store.rollback("login", None, expected, &change("auth-host"), None).await
    };
    registry.opened.clock.advance(PROBATION);
    let changed = |active| RegistryRefusal::ChangedMeanwhile { place: place(), active };
    assert_eq!(refusal(fall_back().await), changed(2));
    registry.rolled_back(None).await.unwrap();
    assert_eq!(refusal(fall_back().await), changed(1), "what one went back to is not on probation");
    let release = release("login");
    registry.store.release_activate(&release, false, Duration::ZERO, None).await.unwrap();
    assert_eq!(refusal(fall_back().await), changed(3), "there is none of no length");
    registry.activated().await;
    assert_eq!(fall_back().await.unwrap().to, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_replicas_that_fill_an_empty_place_at_once_one_does() {
    let registry = Registry::new().await;
    let release = release("login");
    let stores = [registry.store.clone(), registry.opened.another().await, registry.store.clone()];
    let all = stores.iter().map(|store| store.release_activate(&release, true, PROBATION, None));
    let answers = in_time("all fillings", futures_util::future::join_all(all)).await;
    let (filled, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((filled.len(), refused.len()), (1, 2));
    for answer in refused {
        assert_eq!(refusal(answer), RegistryRefusal::NotEmpty { place: place() });
    }
    let at = registry.login().await;
    assert_eq!((at.active, at.revision, at.previous.len()), (1, 1, 0));
    assert_eq!(registry.history().await, [("activated".to_owned(), None, Some(1))]);
}

#[tokio::test]
async fn a_frozen_place_takes_no_deployment_and_goes_back_all_the_same() {
    let registry = Registry::new().await;
    let until = registry.opened.clock.now() + 60_000;
    let frozen = async || registry.store.freeze("login", until, &change("ann")).await;
    assert_eq!(refusal(frozen().await), RegistryRefusal::EmptyPlace { place: place() });
    registry.activated().await;
    registry.activated().await;
    let number = registry.pushed().await;
    let open = registry.begun(number).await;
    let freeze = frozen().await.unwrap().freeze.unwrap();
    assert_eq!((freeze.until, &*freeze.by, &*freeze.why), (until, "ann", "because"));
    let open = registry.store.deployment(open.id).await.unwrap().unwrap();
    assert_eq!(open.state, DeploymentState::Cancelled, "what was being prepared");
    let refused = RegistryRefusal::Frozen {
        place: place(),
        until,
        who: "ann".to_owned(),
        why: "because".to_owned(),
    };
    let begin = async || {
        registry.store.deploy_begin("login", number, super::PATIENCE, None, &change("bob")).await
    };
    assert_eq!(refusal(begin().await), refused);
    let release = release("login");
    let activate = registry.store.release_activate(&release, false, PROBATION, None);
    assert_eq!(refusal(activate.await), refused, "also from the directory");
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1);
    assert_eq!(registry.login().await.freeze, Some(freeze));
    let thawed = registry.store.unfreeze("login", &change("ann")).await.unwrap();
    assert_eq!(thawed.freeze, None);
    frozen().await.unwrap();
    registry.opened.clock.advance(Duration::from_mins(1));
    assert_eq!(registry.login().await.freeze, None, "its time is over");
    begin().await.unwrap();
}

#[tokio::test]
async fn history_is_told_a_page_at_a_time_of_one_place_or_of_all() {
    let registry = Registry::new().await;
    registry.activated().await;
    registry.store.release_add(&release("register")).await.unwrap();
    registry.pushed().await;
    let page = registry.store.history(None, None, 2).await.unwrap();
    let told: Vec<_> = page.iter().map(|line| (&*line.place, line.to)).collect();
    assert_eq!(told, [("login", Some(2)), ("register", Some(1))]);
    let rest = registry.store.history(None, Some(page[1].sequence), 9).await.unwrap();
    assert_eq!((rest.len(), &*rest[0].action, &*rest[0].who), (1, "activated", "ann"));
    assert_eq!(registry.store.history(Some("login"), None, 9).await.unwrap().len(), 2);
    assert!(registry.store.history(Some("log\0in"), None, 9).await.unwrap().is_empty());
}
