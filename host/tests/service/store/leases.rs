//! Leases on events: who gets which, for how long, and what becomes of them.

use std::time::Duration;

use auth_host::store::{EventState, Undelivered};
use uuid::Uuid;

use super::{LEASE, Opened};

/// An event is given back.
fn back(sequence: i64, not_before: i64) -> Undelivered {
    Undelivered {
        sequence,
        error: "the broker said\0no".to_owned(),
        attempts: 1,
        suspect: true,
        not_before,
        dead: false,
    }
}

#[tokio::test]
async fn only_the_first_waiting_event_of_a_key_is_leased() {
    let opened = Opened::new().await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    opened.events(&["a", "a", "b", "a"]).await;
    let leased = opened.leased(first, 10).await;
    assert_eq!(
        opened.lease(first, 10).await,
        [0, 2],
        "an owner that asks again, since the answer was lost, gets the same"
    );
    assert!(opened.lease(second, 10).await.is_empty());
    assert_eq!(opened.store.outbox_published(first, &[leased[0].sequence]).await.unwrap(), 1);
    assert_eq!(opened.lease(second, 10).await, [1]);
    assert_eq!(opened.lease(first, 10).await, [2]);
}

#[tokio::test]
async fn another_owner_gets_other_events_and_never_the_same() {
    let opened = Opened::new().await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    opened.events(&["a", "b", "c", "d", "e"]).await;
    assert_eq!(opened.lease(first, 2).await, [0, 1], "the oldest come first");
    assert_eq!(opened.lease(second, 10).await, [2, 3, 4]);
    assert_eq!(opened.lease(Uuid::new_v4(), 10).await, [0; 0]);
}

#[tokio::test]
async fn a_lease_that_has_ended_is_free_and_its_owner_marks_what_nobody_else_has_taken() {
    let opened = Opened::new().await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    opened.events(&["a", "b"]).await;
    let leased = opened.leased(first, 10).await;
    let (sequence, other) = (leased[0].sequence, leased[1].sequence);
    opened.clock.advance(LEASE / 2);
    assert_eq!(opened.lease(second, 10).await, [0; 0]);
    opened.clock.advance(LEASE / 2);
    assert_eq!(
        opened.store.outbox_published(first, &[other]).await.unwrap(),
        1,
        "it is late, but published is published"
    );
    assert_eq!(opened.lease(second, 10).await, [0]);
    assert_eq!(
        opened.store.outbox_published(first, &[sequence]).await.unwrap(),
        0,
        "somebody else holds it"
    );
    opened.store.outbox_undelivered(first, &[back(sequence, 0)]).await.unwrap();
    let row = &opened.rows().await[0];
    assert_eq!((row.state, row.attempts, &row.last_error), (EventState::Pending, 0, &None));
    assert_eq!(opened.store.outbox_published(second, &[sequence]).await.unwrap(), 1);
    let published_at = opened.rows().await[0].published_at;
    assert_eq!(
        opened.store.outbox_published(second, &[sequence]).await.unwrap(),
        1,
        "the answer was lost, and it asks again"
    );
    assert_eq!(
        opened.store.outbox_published(first, &[sequence]).await.unwrap(),
        0,
        "it was never its own"
    );
    assert_eq!(opened.rows().await[0].published_at, published_at);
    opened.store.outbox_undelivered(second, &[back(sequence, 0)]).await.unwrap();
    let row = &opened.rows().await[0];
    assert_eq!(
        (row.state, row.attempts, row.published_at.is_some()),
        (EventState::Published, 0, true)
    );
}

#[tokio::test]
async fn only_what_is_among_the_marked_is_marked() {
    let opened = Opened::new().await;
    let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
    opened.events(&["a", "b", "c"]).await;
    let sequences: Vec<i64> =
        opened.leased(owner, 2).await.iter().map(|event| event.sequence).collect();
    let others = opened.leased(other, 2).await[0].sequence;
    assert_eq!(opened.store.outbox_published(owner, &[sequences[1], others]).await.unwrap(), 1);
    assert_eq!(opened.store.outbox_published(owner, &[]).await.unwrap(), 0);
    let states: Vec<_> = opened.rows().await.iter().map(|row| row.state).collect();
    assert_eq!(states, [EventState::Pending, EventState::Published, EventState::Pending]);
}

#[tokio::test]
async fn what_is_given_back_waits_for_its_time_and_its_key_waits_with_it() {
    let opened = Opened::new().await;
    opened.events(&["a", "a", "b"]).await;
    let owner = Uuid::new_v4();
    let leased = opened.leased(owner, 10).await;
    let in_five_seconds = opened.clock.now() + 5000;
    let given_back = [
        back(leased[0].sequence, in_five_seconds),
        Undelivered { suspect: false, ..back(leased[1].sequence, 0) },
    ];
    opened.store.outbox_undelivered(owner, &given_back).await.unwrap();
    assert_eq!(opened.lease(Uuid::new_v4(), 10).await, [2]);
    opened.clock.advance(Duration::from_secs(5));
    let again = opened.leased(Uuid::new_v4(), 10).await;
    assert_eq!(again.len(), 1);
    assert_eq!(
        (again[0].sequence, again[0].attempts, again[0].suspect),
        (leased[0].sequence, 1, true)
    );
    assert_eq!(again[0].message_id, leased[0].message_id);
    let error = opened.rows().await[0].last_error.clone().unwrap();
    assert!(error.starts_with("the broker said") && error.ends_with("no"), "{error}");
}

#[tokio::test]
async fn a_dead_event_lets_the_next_of_its_key_go() {
    let opened = Opened::new().await;
    opened.events(&["a", "a"]).await;
    let owner = Uuid::new_v4();
    let leased = opened.leased(owner, 10).await;
    opened
        .store
        .outbox_undelivered(owner, &[Undelivered { dead: true, ..back(leased[0].sequence, 0) }])
        .await
        .unwrap();
    let backlog = opened.store.outbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.dead), (1, 1));
    assert_eq!(opened.lease(owner, 10).await, [1]);
    assert_eq!(opened.rows().await[0].state, EventState::Dead);
}

#[tokio::test]
async fn the_backlog_tells_how_many_wait_and_since_when() {
    let opened = Opened::new().await;
    let backlog = opened.store.outbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.dead, backlog.oldest_created_at), (0, 0, None));
    opened.events(&["a"]).await;
    opened.clock.advance(Duration::from_mins(1));
    opened.events(&["b"]).await;
    let owner = Uuid::new_v4();
    let rows = opened.rows().await;
    for (pending, oldest) in [(2, &rows[0]), (1, &rows[1])] {
        let backlog = opened.store.outbox_backlog().await.unwrap();
        assert_eq!(
            (backlog.pending, backlog.oldest_created_at),
            (pending, Some(oldest.created_at))
        );
        let next = opened.leased(owner, 1).await[0].sequence;
        opened.store.outbox_published(owner, &[next]).await.unwrap();
    }
    assert_eq!(opened.store.outbox_backlog().await.unwrap().oldest_created_at, None);
}
