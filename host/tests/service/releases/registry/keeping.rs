//! Components, releases and tokens.

use std::time::Duration;

use auth_host::hex;
use auth_host::store::registry::{NewAdminToken, RegistryRefusal, ReleaseComponent, Role, Source};
use tokio::task::JoinSet;

use super::{Registry, component, refusal, release};
use crate::support::in_time;

#[tokio::test]
async fn a_component_is_kept_once_with_all_its_bytes() {
    let registry = Registry::new().await;
    let bytes: Vec<u8> = (0..12_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let large = component("1a26e", &bytes);
    assert!(registry.store.component_put(&large).await.unwrap());
    assert!(!registry.store.component_put(&large).await.unwrap(), "it is there already");
    let kept = registry.store.component("1a26e").await.unwrap().unwrap();
    assert!(kept.bytes[..] == bytes);
    let info = registry.store.component_info("1a26e").await.unwrap().unwrap();
    assert_eq!(info, kept.info);
    assert_eq!((info.size, &*info.pushed_by), (12_000_000, "ann"));
    assert!(info.pushed_at > 0, "by the store's clock");
    assert!(registry.store.component("none\0").await.unwrap().is_none());
    assert!(registry.store.component_info("none").await.unwrap().is_none());
}

#[tokio::test]
async fn a_release_is_read_as_it_was_pushed() {
    let registry = Registry::new().await;
    assert!(registry.store.component_put(&component("01d", b"old")).await.unwrap());
    let mut pushed = release("login");
    let (new, old) = (pushed.components[0].clone(), "01d".to_owned());
    pushed.components.push(ReleaseComponent { wit: "0.1.0".to_owned(), digest: old });
    pushed.source = Source::Import;
    let kept = registry.store.release_add(&pushed).await.unwrap();
    assert_eq!((&*kept.place, kept.number), ("login", 1));
    assert_eq!(kept.components, pushed.components);
    assert_eq!(kept.components[0], new, "in their order");
    assert_eq!(kept.settings, pushed.settings, "to the letter");
    assert_eq!(kept.settings_digest, hex::sha256(pushed.settings.as_bytes()));
    assert_eq!((kept.source, kept.first_active_at), (Source::Import, None));
    assert!(kept.message.starts_with("step-up after") && kept.message.ends_with("failures"));
    assert_eq!(registry.store.release("login", 1).await.unwrap().unwrap(), kept);
    assert!(registry.store.release("login", 2).await.unwrap().is_none());
    assert!(registry.store.release("log\0in", 1).await.unwrap().is_none());
    assert!(registry.store.places().await.unwrap().is_empty(), "nothing serves yet");
    assert_eq!(registry.history().await, [("imported".to_owned(), None, Some(1))]);
}

#[tokio::test]
async fn a_release_of_a_component_that_nobody_pushed_is_refused_and_takes_no_number() {
    let registry = Registry::new().await;
    let mut wrong = release("login");
    wrong.components[0].digest = "ffff".to_owned();
    assert_eq!(
        refusal(registry.store.release_add(&wrong).await),
        RegistryRefusal::NoComponent { digest: "ffff".to_owned() }
    );
    assert_eq!(registry.pushed().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_that_are_pushed_at_once_are_numbered_without_a_gap() {
    let registry = Registry::new().await;
    let mut pushes = JoinSet::new();
    for push in 0..20 {
        let store =
            if push % 2 == 0 { registry.store.clone() } else { registry.opened.another().await };
        pushes.spawn(async move {
            let place = if push < 10 { "login" } else { "register" };
            store.release_add(&release(place)).await.unwrap().number
        });
    }
    let mut numbers = in_time("all pushes", pushes.join_all()).await;
    numbers.sort_unstable();
    let expected: Vec<i64> = (1..=10).flat_map(|number| [number, number]).collect();
    assert_eq!(numbers, expected);
    let listed = registry.store.releases(Some("login"), Some(9), 3).await.unwrap();
    let listed: Vec<i64> = listed.iter().map(|release| release.number).collect();
    assert_eq!(listed, [8, 7, 6], "the newest first, a page at a time");
    assert_eq!(registry.store.releases(None, None, 100).await.unwrap().len(), 20);
}

fn token(name: &str, expires_at: i64) -> NewAdminToken {
    NewAdminToken {
        name: name.to_owned(),
        role: Role::Deploy,
        hash: vec![0, 255, 7],
        expires_at,
        created_by: "operator".to_owned(),
    }
}

#[tokio::test]
async fn a_token_has_its_name_to_itself_also_after_its_end() {
    let registry = Registry::new().await;
    let (store, clock) = (&registry.store, &registry.opened.clock);
    let in_an_hour = clock.now() + 3_600_000;
    let ann = store.admin_token_add(&token("ann", in_an_hour)).await.unwrap();
    assert_eq!((ann.role, &*ann.hash, ann.revoked_at), (Role::Deploy, &[0, 255, 7][..], None));
    assert_eq!(store.admin_token("ann").await.unwrap().unwrap(), ann);
    let exists = RegistryRefusal::TokenExists { name: "ann".to_owned() };
    assert_eq!(refusal(store.admin_token_add(&token("ann", in_an_hour)).await), exists);
    store.admin_token_add(&token("bob", in_an_hour)).await.unwrap();
    let revoked = store.admin_token_revoke("ann", "eve").await.unwrap();
    assert!(revoked.revoked_at.is_some());
    let again = store.admin_token_revoke("ann", "eve").await.unwrap();
    assert_eq!(again, revoked, "it stays as it is");
    let none = RegistryRefusal::NoToken { name: "eve".to_owned() };
    assert_eq!(refusal(store.admin_token_revoke("eve", "eve").await), none);
    assert_eq!(refusal(store.admin_token_add(&token("ann", in_an_hour)).await), exists);
    clock.advance(Duration::from_hours(1));
    let bob = RegistryRefusal::TokenExists { name: "bob".to_owned() };
    assert_eq!(refusal(store.admin_token_add(&token("bob", in_an_hour * 2)).await), bob);
    let names: Vec<String> =
        store.admin_tokens().await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["ann", "bob"]);
    let lines = store.history(Some(""), None, 10).await.unwrap();
    let told: Vec<_> = lines.iter().rev().map(|line| (&*line.action, &*line.who)).collect();
    let added = ("token_added", "operator");
    assert_eq!(told, [added, added, ("token_revoked", "eve")]);
    assert!(lines.iter().all(|line| !line.details.contains("hash")), "{lines:?}");
}

#[tokio::test]
async fn the_use_of_a_token_is_noted_to_the_minute() {
    let registry = Registry::new().await;
    let (store, clock) = (&registry.store, &registry.opened.clock);
    store.admin_token_add(&token("ann", i64::MAX)).await.unwrap();
    let used = async || {
        store.admin_token_used("ann").await.unwrap();
        store.admin_token("ann").await.unwrap().unwrap().used_at.unwrap()
    };
    let first = used().await;
    clock.advance(Duration::from_secs(30));
    assert_eq!(used().await, first);
    clock.advance(Duration::from_secs(30));
    assert!(used().await >= first + 60_000);
    store.admin_token_used("nobody").await.unwrap();
}
