//! Many at once on one PostgreSQL: nothing is done twice, nothing is lost, and nobody is turned
//! away for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use auth_host::clock::Clock;
use auth_host::contract::Slot;
use auth_host::events::NewEvent;
use auth_host::store::{CarryError, Conflict, OutboxEvent, StorageWrite, Store, Writes};
use serde_json::Map;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{LEASE, Opened, open};
use crate::support::{OwnDatabase, TestService, in_time};

const EVENTS: usize = 500;
const KEYS: usize = 60;

fn writes(storage: Vec<StorageWrite>) -> Writes {
    Writes { slot: "login", storage, ..Writes::default() }
}

#[expect(
    clippy::option_option,
    reason = "as the store has it: no expectation, no row, or this value"
)]
fn write(key: &str, expected: Option<Option<Vec<u8>>>, value: &str) -> StorageWrite {
    StorageWrite {
        key: key.to_owned(),
        expected,
        value: Some((value.as_bytes().to_vec(), i64::MAX)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_replicas_that_start_at_once_on_an_empty_database_migrate_it_once() {
    let database = OwnDatabase::new().await;
    let mut starts = JoinSet::new();
    for _ in 0..10 {
        let url = database.url().to_owned();
        starts.spawn(async move { open(&url, &Clock::shifted()).await.map(Store::Postgres) });
    }
    for started in in_time("ten starts", starts.join_all()).await {
        started.unwrap().close().await;
    }
    let migrations = "SELECT count(*) FROM auth._sqlx_migrations";
    let applied: i64 =
        sqlx::query_scalar(migrations).fetch_one(&mut database.connection().await).await.unwrap();
    let files = std::fs::read_dir(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres"),
    )
    .unwrap();
    assert_eq!(usize::try_from(applied).unwrap(), files.count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_relays_lease_every_event_once_and_each_key_in_order() {
    let opened = Opened::on_postgres().await;
    let replica = Store::Postgres(
        open(opened.database.as_ref().unwrap().url(), &opened.clock).await.unwrap(),
    );
    let user_id = opened.account("leo@example.com", Writes::default()).await;
    for batch in 0..EVENTS / 20 {
        let events = (0..20).map(|event| NewEvent {
            event_type: "custom.test.event".to_owned(),
            data: Map::new(),
            ordering_key: Some(format!("key {}", (batch * 20 + event) % KEYS)),
            traceparent: None,
        });
        let writes = Writes { slot: "login", events: events.collect(), ..Writes::default() };
        opened.store.refuse(Some(user_id), &writes).await.unwrap();
    }
    let leased: Arc<Mutex<Vec<OutboxEvent>>> = Arc::default();
    let mut relays = JoinSet::new();
    for relay in 0..8 {
        let store = if relay % 2 == 0 { opened.store.clone() } else { replica.clone() };
        relays.spawn(drain(store, Arc::clone(&leased)));
    }
    in_time("the end of all events", relays.join_all()).await;
    let leased = leased.lock().unwrap();
    let ids: BTreeSet<_> = leased.iter().map(|event| &event.message_id).collect();
    assert_eq!((leased.len(), ids.len()), (EVENTS, EVENTS));
    let mut last = BTreeMap::new();
    for event in &*leased {
        let before = last.insert(&event.ordering_key, event.sequence);
        assert!(
            before.is_none_or(|before| before < event.sequence),
            "{} was overtaken by {before:?}",
            event.sequence
        );
    }
}

/// Leases and marks until all events are marked.
async fn drain(store: Store, all: Arc<Mutex<Vec<OutboxEvent>>>) {
    let owner = Uuid::new_v4();
    while store.outbox_backlog().await.unwrap().pending > 0 {
        let events = store.outbox_lease(owner, 7, LEASE).await.unwrap();
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        // Before the mark: until then nobody may lease what follows.
        all.lock().unwrap().extend(events);
        assert_eq!(
            store.outbox_published(owner, &sequences).await.unwrap(),
            sequences.len() as u64
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_replacement_of_a_stored_value_is_lost() {
    let opened = Opened::on_postgres().await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let store = opened.store.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while done < 10 {
                let held = store.storage_get("login", "counter").await.unwrap();
                let count: u32 =
                    held.as_ref().map_or(0, |held| String::from_utf8_lossy(held).parse().unwrap());
                let next = write("counter", Some(held), &(count + 1).to_string());
                match store.refuse(None, &writes(vec![next])).await {
                    Ok(()) => done += 1,
                    Err(CarryError::Conflict(conflict)) => {
                        assert_eq!(conflict, Conflict::StorageChanged);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    in_time("the end of all replacements", tasks.join_all()).await;
    assert_eq!(opened.store.storage_get("login", "counter").await.unwrap().unwrap(), b"100");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_take_a_row_that_is_not_there_one_gets_it() {
    let opened = Opened::on_postgres().await;
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let store = opened.store.clone();
        let taken = write("lock", Some(None), &task.to_string());
        tasks.spawn(async move {
            match store.refuse(None, &writes(vec![taken])).await {
                Ok(()) => true,
                Err(CarryError::Conflict(_)) => false,
                Err(error) => panic!("{error}"),
            }
        });
    }
    let got = in_time("the end of all", tasks.join_all()).await;
    assert_eq!(got.into_iter().filter(|got| *got).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_the_same_rows_in_another_order_wait_for_one_another() {
    let opened = Opened::on_postgres().await;
    let mut tasks = JoinSet::new();
    for task in 0..20 {
        let store = opened.store.clone();
        let mut rows = vec![write("a", None, "1"), write("b", None, "2"), write("c", None, "3")];
        rows.rotate_left(task % 3);
        tasks.spawn(async move {
            for _ in 0..10 {
                store.refuse(None, &writes(rows.clone())).await.unwrap();
            }
        });
    }
    in_time("the end of all writes", tasks.join_all()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_of_one_account_at_once_may_all_write_to_it() {
    let service =
        TestService::with().on_postgres().guest(Slot::Login, "writes_then_accepts").start().await;
    let (person, _) = service.newcomer("leo").await;
    for _ in 0..5 {
        let logins: Vec<_> = (0..8)
            .map(|_| {
                let body =
                    serde_json::json!({ "email": person.email, "password": person.password });
                tokio::spawn(service.request("POST", "/auth/login").json(&body).send())
            })
            .collect();
        for login in logins {
            let answer = in_time("a login", login).await.unwrap().unwrap();
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_lasts_longer_than_a_statement_may_is_a_503_and_counts_as_a_timeout() {
    let database = OwnDatabase::new().await;
    let service = TestService::with()
        .on_database(database.url())
        .setting("DATABASE_STATEMENT_TIMEOUT", "1s")
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    let mut lock = database.connection().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE auth.sessions IN EXCLUSIVE MODE")
        .execute(&mut lock)
        .await
        .unwrap();
    let errors = async |kind| service.count("auth_database_errors_total", &[("kind", kind)]).await;
    let before = [errors("timeout").await, errors("unavailable").await];
    service.login(&person).await.refused(503, "unavailable");
    assert!(errors("timeout").await > before[0], "the server's refusal was a time limit's");
    assert_eq!(errors("unavailable").await, before[1]);
    sqlx::raw_sql("COMMIT").execute(&mut lock).await.unwrap();
    service.login(&person).await.tokens();
    service.stop().await;
}
