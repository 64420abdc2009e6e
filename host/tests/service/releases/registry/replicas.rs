//! Replicas as they see one another, and a database of the version before.

use std::time::{Duration, Instant};

use auth_host::clock::Clock;
use auth_host::store::registry::DeploymentState;
use auth_host::store::{Sqlite, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::trials::shadow;
use super::{Registry, beat, component};
use crate::store::open;
use crate::support::{OwnDatabase, eventually, in_time, on_postgres};

#[tokio::test]
async fn a_replica_is_live_for_ten_seconds_and_known_for_an_hour() {
    let registry = Registry::new().await;
    let (store, clock) = (&registry.store, &registry.opened.clock);
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    registry.beat(second, "b", Some(7)).await;
    registry.beat(first, "a", None).await;
    let replicas = store.replicas().await.unwrap();
    let seen: Vec<_> = replicas.iter().map(|one| (one.replica, &*one.name, one.live)).collect();
    assert_eq!(seen, [(first, "a", true), (second, "b", true)]);
    assert_eq!((replicas[1].started_at, &*replicas[1].version), (5, "1.2.3"));
    assert_eq!(replicas[1].wit_versions, ["0.2.0", "0.1.0"]);
    assert_eq!(replicas[1].serving[0].release, Some(7));
    clock.advance(Duration::from_secs(10));
    registry.beat(second, "b", Some(8)).await;
    let replicas = store.replicas().await.unwrap();
    assert_eq!((replicas[0].live, replicas[1].live), (false, true));
    assert_eq!((replicas.len(), replicas[1].serving[0].release), (2, Some(8)));
    clock.advance(Duration::from_secs(3599));
    assert_eq!(store.replicas().await.unwrap().len(), 1);
    store.replica_gone(second).await.unwrap();
    assert!(store.replicas().await.unwrap().is_empty());
}

#[tokio::test]
async fn one_that_was_started_anew_is_not_waited_for() {
    let registry = Registry::new().await;
    let (store, clock) = (&registry.store, &registry.opened.clock);
    let (old, beside, new) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    registry.beat(old, "a", None).await;
    registry.beat(beside, "a", None).await;
    clock.advance(Duration::from_secs(1));
    let begun = clock.now();
    registry.beat_since(begun, new, "a", None).await;
    let live = async || {
        let mut live = store.replicas().await.unwrap();
        live.retain(|replica| replica.live);
        live.into_iter().map(|replica| replica.replica).collect::<Vec<_>>()
    };
    assert_eq!(live().await.len(), 3, "each may be one of several on a machine");
    clock.advance(Duration::from_secs(3));
    registry.beat(beside, "a", None).await;
    registry.beat_since(begun, new, "a", None).await;
    let live = live().await;
    assert!(live.contains(&beside) && live.contains(&new) && !live.contains(&old), "{live:?}");
}

#[tokio::test]
async fn a_change_elsewhere_is_hinted_at() {
    let registry = Registry::new().await;
    let elsewhere = registry.opened.another().await;
    // The first hint says that it listens.
    let listens = tokio::spawn(async move {
        elsewhere.registry_hint().await;
        elsewhere
    });
    eventually("a connection that listens", async || {
        registry.pushed().await;
        listens.is_finished().then_some(())
    })
    .await;
    let elsewhere = listens.await.unwrap();
    let waits = tokio::spawn(async move { elsewhere.registry_hint().await });
    eventually("a hint", async || {
        registry.pushed().await;
        waits.is_finished().then_some(())
    })
    .await;
}

#[tokio::test]
async fn hints_come_again_after_the_database_was_away() {
    let Some(database) = on_postgres().then(OwnDatabase::new) else { return };
    let database = database.await;
    let store = Store::Postgres(open(database.url(), &Clock::shifted()).await.unwrap());
    in_time("a connection that listens", store.registry_hint()).await;
    database.of().terminate_backends().await;
    // It says so when it listens again: something may have been missed.
    in_time("another connection", store.registry_hint()).await;
    store.close().await;
}

#[tokio::test]
async fn who_is_live_the_servers_clock_says_whatever_a_replica_takes_it_for() {
    let Some(database) = on_postgres().then(OwnDatabase::new) else { return };
    let database = database.await;
    // As after a failover to a server whose clock differs, until it is read again.
    let (ahead, right) = (Clock::database(), Clock::database());
    let first = Store::Postgres(open(database.url(), &ahead).await.unwrap());
    let second = Store::Postgres(open(database.url(), &right).await.unwrap());
    ahead.set(right.now() + 60_000, Instant::now());
    for (store, name) in [(&first, "a"), (&second, "b")] {
        store.replica_beat(&beat(5, Uuid::new_v4(), name, None)).await.unwrap();
    }
    for store in [&first, &second] {
        let replicas = store.replicas().await.unwrap();
        assert!(replicas.iter().all(|replica| replica.live), "{replicas:?}");
        assert!((replicas[0].last_seen - right.now()).abs() < 30_000, "{replicas:?}");
        assert_eq!(replicas.len(), 2);
    }
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_that_take_their_time_leave_room_for_beats_and_keep_few_waiting() {
    let Some(database) = on_postgres().then(OwnDatabase::new) else { return };
    let database = database.await;
    let store = Store::Postgres(open(database.url(), &Clock::shifted()).await.unwrap());
    store.component_put(&component("c0de", b"\0asm")).await.unwrap();
    let mut slow = database.connection().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE auth.policy_components").execute(&mut slow).await.unwrap();
    let mut reads = JoinSet::new();
    for _ in 0..12 {
        let store = store.clone();
        reads.spawn(async move { store.component("c0de").await });
    }
    // Two read, eight wait, and two are told at once that there are too many.
    for _ in 0..2 {
        let told = in_time("an answer", reads.join_next()).await.unwrap().unwrap();
        assert!(told.is_err(), "it was read through the lock");
    }
    for _ in 0..20 {
        store.replicas().await.unwrap();
    }
    sqlx::raw_sql("COMMIT").execute(&mut slow).await.unwrap();
    let read = in_time("all of them", reads.join_all()).await;
    assert_eq!(read.len(), 10);
    for component in read {
        assert_eq!(component.unwrap().unwrap().bytes[..], b"\0asm"[..]);
    }
    slow.close().await.unwrap();
    store.close().await;
}

/// What the migrations made, and that they were there.
const BACK: &str = "
    DROP TABLE {s}policy_difference_samples; DROP TABLE {s}policy_differences;
    DROP TABLE {s}policy_rollouts;
    DROP TABLE {s}policy_reports; DROP TABLE {s}policy_deployments; DROP TABLE {s}policy_places;
    DROP TABLE {s}policy_release_components; DROP TABLE {s}policy_releases;
    DROP TABLE {s}policy_signatures;
    DROP TABLE {s}policy_components; DROP TABLE {s}policy_history; DROP TABLE {s}admin_tokens;
    DELETE FROM {s}_sqlx_migrations WHERE version >= 3;";

#[tokio::test]
async fn a_database_of_the_version_before_gets_a_registry_and_keeps_what_it_has() {
    let clock = Clock::shifted();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("auth.sqlite");
    let database = if on_postgres() { Some(OwnDatabase::new().await) } else { None };
    let opened = async || match &database {
        Some(database) => Store::Postgres(open(database.url(), &clock).await.unwrap()),
        None => Store::Sqlite(Sqlite::open(&file, clock.clone()).await.unwrap()),
    };
    let before = opened().await;
    assert_eq!(before.secret("kept", b"it").await.unwrap(), b"it");
    before.close().await;
    if let Some(database) = &database {
        let back = BACK.replace("{s}", "auth.") + "DROP TABLE auth.policy_replicas";
        let mut connection = database.connection().await;
        sqlx::raw_sql(AssertSqlSafe(back)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let back = BACK.replace("{s}", "");
        let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(back)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    let after = opened().await;
    assert!(after.component_put(&component("c0de", b"\0asm")).await.unwrap());
    assert_eq!(after.secret("kept", b"other").await.unwrap(), b"it");
    after.close().await;
}

/// The registry as the version before trials had it.
const BACK_TO_NO_TRIALS: &str = "
    DROP TABLE {s}policy_signatures;
    ALTER TABLE {s}policy_places DROP COLUMN grants;
    DROP TABLE {s}policy_difference_samples; DROP TABLE {s}policy_differences;
    DROP TABLE {s}policy_rollouts;
    DROP INDEX {s}policy_deployments_open;
    ALTER TABLE {s}policy_places DROP COLUMN candidate;
    ALTER TABLE {s}policy_deployments DROP COLUMN plan;
    CREATE UNIQUE INDEX policy_deployments_open ON {s}policy_deployments (place)
     WHERE state = 'preparing';
    DELETE FROM {s}_sqlx_migrations WHERE version >= 4;";

#[tokio::test]
async fn a_registry_of_the_version_before_tries_releases_and_goes_on_with_what_it_was_at() {
    let (mut registry, number) = Registry::with_two().await;
    let (before, begun) = (registry.login().await, registry.begun(number).await);
    registry.store.close().await;
    registry.opened.execute(BACK_TO_NO_TRIALS).await.unwrap();
    registry.opened.again().await;
    registry.store = registry.opened.store.clone();
    assert_eq!(registry.login().await, before);
    let open = registry.store.open_deployments().await.unwrap();
    assert_eq!((open.len(), open[0].id, &open[0].plan), (1, begun.id, &None));
    let ended = registry.all_ready(&begun).await;
    assert_eq!(ended.state, DeploymentState::Activated);
    assert_eq!(registry.login().await.active, number);
    let next = registry.pushed().await;
    assert_eq!(registry.tried(next, &shadow()).await.base, number);
}
