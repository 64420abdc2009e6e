//! What a place is granted.

use auth_host::store::registry::{RegistryRefusal, ReportState, Source};
use serde_json::json;
use tokio::task::JoinSet;

use super::super::{PROBATION, Registry, change, refusal, release};
use super::items;
use crate::support::in_time;

#[tokio::test]
async fn what_is_granted_is_kept_also_for_a_place_without_a_release() {
    let registry = Registry::new().await;
    assert_eq!(registry.grants().await, None, "nobody ever has");
    registry.granted(&[]).await;
    assert_eq!(registry.grants().await, Some(Vec::new()), "nothing is not the same as nobody");
    let some = items(["interface:storage", "http:GET https://a.example"]);
    registry.granted(&some).await;
    assert_eq!(registry.grants().await.as_ref(), Some(&some));
    assert!(registry.store.places().await.unwrap().is_empty(), "it is no place that serves");
    assert_eq!(registry.activated().await, 1);
    assert_eq!(registry.login().await.grants.as_ref(), Some(&some));
    assert_eq!(registry.store.grants("refresh").await.unwrap(), None);
    assert_eq!(registry.store.grants("log\0in").await.unwrap(), None);
}

#[tokio::test]
async fn history_tells_what_was_granted_and_what_was_taken_away_if_anything_was() {
    let registry = Registry::new().await;
    registry.granted(&items(["b", "a"])).await;
    registry.granted(&items(["a", "b", "a"])).await;
    registry.granted(&items(["b", "c\0"])).await;
    let told = registry.told("granted").await;
    assert_eq!(told.len(), 2, "the same in another order is no change: {told:?}");
    let first = json!({ "calls": 7, "added": ["b", "a"], "removed": [], "all": ["b", "a"] });
    assert_eq!(told[0], first);
    assert_eq!((&told[1]["removed"], &told[1]["all"][0]), (&json!(["a"]), &json!("b")));
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.who, &*line.why, line.to), ("ann", "because", None));
}

#[tokio::test]
async fn who_did_not_know_what_is_granted_changes_nothing() {
    let registry = Registry::new().await;
    registry.activated().await;
    let (some, other) = (items(["a", "b"]), items(["a"]));
    registry.granted(&some).await;
    let refused = RegistryRefusal::GrantedMeanwhile { place: "login".to_owned() };
    for expected in [None, Some(&other[..]), Some(&[])] {
        let set = registry.store.grants_set("login", expected, &other, &change("bob")).await;
        assert_eq!(refusal(set), refused, "{expected:?}");
    }
    assert_eq!(registry.grants().await.as_ref(), Some(&some));
    let turned = items(["b", "a"]);
    registry.store.grants_set("login", Some(&turned), &other, &change("bob")).await.unwrap();
    assert_eq!(registry.grants().await, Some(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_grant_at_once_one_is_heard() {
    let registry = Registry::new().await;
    let mut all = JoinSet::new();
    for number in 0..8 {
        let store = registry.opened.another().await;
        all.spawn(async move {
            let mine = vec![format!("claim:number-{number}")];
            let set = store.grants_set("login", None, &mine, &change("ann")).await;
            set.map(|()| mine)
        });
    }
    let (granted, others): (Vec<_>, Vec<_>) =
        in_time("all of them", all.join_all()).await.into_iter().partition(Result::is_ok);
    assert_eq!((granted.len(), others.len()), (1, 7));
    for other in others {
        assert!(matches!(refusal(other), RegistryRefusal::GrantedMeanwhile { .. }));
    }
    assert_eq!(registry.grants().await, granted.into_iter().next().unwrap().ok());
    assert_eq!(registry.told("granted").await.len(), 1);
}

#[tokio::test]
async fn grants_outlive_every_other_change_of_their_place() {
    let registry = Registry::new().await;
    registry.activated().await;
    let some = items(["interface:storage"]);
    registry.granted(&some).await;
    registry.activated().await;
    registry.rolled_back(None).await.unwrap();
    let until = registry.opened.clock.now() + 60_000;
    let frozen = registry.store.freeze("login", until, &change("ann")).await.unwrap();
    assert_eq!(frozen.grants.as_ref(), Some(&some));
    registry.store.unfreeze("login", &change("ann")).await.unwrap();
    let number = registry.pushed().await;
    let replica = registry.live("a1").await;
    let begun = registry.begun(number).await;
    registry.reports(&begun, replica, ReportState::Ready).await;
    registry.settled(&begun).await.unwrap();
    assert_eq!((registry.login().await.active, registry.grants().await), (3, Some(some)));
}

#[tokio::test]
async fn the_first_filling_of_a_place_grants_what_it_brings_and_nobody_is_overruled() {
    let registry = Registry::new().await;
    let mut filling = release("login");
    filling.source = Source::Directory;
    filling.author = "directory".to_owned();
    let (asked, more) = (items(["interface:storage"]), items(["interface:http"]));
    let activate = async |only_first, grants: &[String]| {
        let (store, grants) = (&registry.store, Some(grants));
        store.release_activate(&filling, only_first, PROBATION, grants).await
    };
    activate(true, &asked).await.unwrap();
    assert_eq!(registry.login().await.grants.as_ref(), Some(&asked));
    let actions: Vec<String> = registry.history().await.into_iter().map(|line| line.0).collect();
    assert_eq!(actions, ["granted", "activated"]);
    let line = registry.lines().await.remove(0);
    assert_eq!((&*line.who, &*line.place), ("directory", "login"));
    let not_empty = RegistryRefusal::NotEmpty { place: "login".to_owned() };
    assert_eq!(refusal(activate(true, &more).await), not_empty);
    filling.settings = "{}".to_owned();
    let (store, grants) = (&registry.store, Some(&more[..]));
    let refused = RegistryRefusal::GrantedMeanwhile { place: "login".to_owned() };
    let brought = store.release_activate(&filling, false, PROBATION, grants).await;
    assert_eq!(refusal(brought), refused, "somebody granted something else meanwhile");
    assert_eq!(registry.grants().await, Some(asked), "what somebody was granted stays");
    registry.granted(&[]).await;
    let brought = store.release_activate(&filling, false, PROBATION, grants).await;
    assert_eq!(refusal(brought), refused, "also if it is nothing");
    assert_eq!(registry.grants().await, Some(Vec::new()));
    store.release_activate(&filling, false, PROBATION, None).await.unwrap();
}

#[tokio::test]
async fn a_filling_that_is_refused_grants_nothing() {
    let registry = Registry::new().await;
    let mut filling = release("login");
    filling.components[0].digest = "ffff".to_owned();
    let grants = items(["interface:storage"]);
    let brought = registry.store.release_activate(&filling, true, PROBATION, Some(&grants)).await;
    assert!(matches!(refusal(brought), RegistryRefusal::NoComponent { .. }));
    assert_eq!(registry.grants().await, None);
    assert!(registry.history().await.is_empty());
}

#[tokio::test]
async fn grants_that_cannot_be_read_are_nothing_until_somebody_grants_anew() {
    let registry = Registry::new().await;
    registry.activated().await;
    for damage in ["{\"all\": true}", "[1]", "", "[\"interface:storage\""] {
        let damage = format!("UPDATE {{s}}policy_places SET grants = '{damage}'");
        registry.opened.execute(&damage).await.unwrap();
        assert_eq!(registry.login().await.grants, Some(Vec::new()), "{damage}");
        assert_eq!(registry.grants().await, Some(Vec::new()), "{damage}");
        let number = registry.activated().await;
        assert_eq!(registry.login().await.active, number);
    }
    let some = items(["interface:storage"]);
    registry.granted(&some).await;
    assert_eq!(registry.grants().await, Some(some));
}
