//! What operators do with events, and what time does to them.

use std::time::Duration;

use auth_host::store::{EventFilter, EventState, Undelivered};
use uuid::Uuid;

use super::Opened;

/// An event of each state: 0 is published, 1 dead, 2 waits, and 3 waits for 2.
async fn one_of_each() -> Opened {
    let opened = Opened::new().await;
    opened.events(&["a", "b", "c", "c"]).await;
    let owner = Uuid::new_v4();
    let leased = opened.leased(owner, 2).await;
    assert_eq!(opened.store.outbox_published(owner, &[leased[0].sequence]).await.unwrap(), 1);
    let dead = Undelivered {
        sequence: leased[1].sequence,
        error: "no".to_owned(),
        attempts: 10,
        suspect: true,
        not_before: i64::MAX,
        dead: true,
    };
    opened.store.outbox_undelivered(owner, &[dead]).await.unwrap();
    assert_eq!(
        states(&opened).await,
        [EventState::Published, EventState::Dead, EventState::Pending, EventState::Pending]
    );
    opened
}

async fn states(opened: &Opened) -> Vec<EventState> {
    opened.rows().await.iter().map(|row| row.state).collect()
}

#[tokio::test]
async fn the_newest_events_are_listed_first_by_state_id_and_number() {
    let opened = one_of_each().await;
    let ids = opened.ids(&[0, 1, 2, 3]).await;
    let list = async |state, message_id, most| {
        let rows =
            opened.store.outbox_list(&EventFilter { state, message_id, most }).await.unwrap();
        rows.iter().map(|row| super::number(&row.payload)).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 10).await, [3, 2, 1, 0]);
    assert_eq!(list(None, None, 2).await, [3, 2]);
    assert_eq!(list(None, None, 0).await, [0; 0]);
    assert_eq!(list(Some(EventState::Pending), None, 10).await, [3, 2]);
    assert_eq!(list(Some(EventState::Dead), None, 10).await, [1]);
    assert_eq!(list(Some(EventState::Published), None, 10).await, [0]);
    assert_eq!(list(None, Some(ids[2]), 10).await, [2]);
    assert_eq!(list(Some(EventState::Dead), Some(ids[2]), 10).await, [0; 0]);
    assert_eq!(list(None, Some(Uuid::new_v4()), 10).await, [0; 0]);
}

#[tokio::test]
async fn retrying_without_ids_revives_the_dead_and_no_other() {
    let opened = one_of_each().await;
    let before = opened.rows().await;
    assert_eq!(opened.store.outbox_retry(&[]).await.unwrap(), 1);
    assert_eq!(opened.store.outbox_retry(&[]).await.unwrap(), 0);
    assert_eq!(
        opened.lease(Uuid::new_v4(), 1).await,
        [1],
        "it is the oldest, and waits for nothing"
    );
    let after = opened.rows().await;
    assert_eq!(
        (after[1].state, after[1].attempts, after[1].dead_at),
        (EventState::Pending, 0, None)
    );
    let ids = |rows: &[auth_host::store::EventRow]| {
        rows.iter().map(|row| row.message_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&before), ids(&after));
}

#[tokio::test]
async fn retrying_by_id_publishes_anything_again() {
    let opened = one_of_each().await;
    let ids = opened.ids(&[0, 1]).await;
    assert_eq!(opened.store.outbox_retry(&[ids[0], ids[1], Uuid::new_v4()]).await.unwrap(), 2);
    let leased = opened.leased(Uuid::new_v4(), 10).await;
    assert_eq!(
        leased.iter().map(|event| super::number(&event.payload)).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(
        leased.iter().map(|event| event.suspect).collect::<Vec<_>>(),
        [true, true, false],
        "they are sent alone"
    );
    assert_eq!(opened.rows().await[0].published_at, None);
}

#[tokio::test]
async fn purging_without_ids_never_takes_what_is_not_published() {
    let opened = one_of_each().await;
    let published_at = opened.rows().await[0].published_at.unwrap();
    assert_eq!(
        opened.store.outbox_purge(&[], published_at).await.unwrap(),
        0,
        "it is not older than itself"
    );
    assert_eq!(opened.store.outbox_purge(&[], i64::MAX).await.unwrap(), 1);
    assert_eq!(states(&opened).await, [EventState::Dead, EventState::Pending, EventState::Pending]);
}

#[tokio::test]
async fn purging_by_id_takes_anything_and_nothing_else() {
    let opened = one_of_each().await;
    let ids = opened.ids(&[1, 2]).await;
    assert_eq!(
        opened.store.outbox_purge(&[ids[0], ids[1], Uuid::new_v4()], i64::MAX).await.unwrap(),
        2
    );
    assert_eq!(states(&opened).await, [EventState::Published, EventState::Pending]);
    // What waited for the event that is gone waits no more.
    assert_eq!(opened.lease(Uuid::new_v4(), 10).await, [3]);
}

#[tokio::test]
async fn in_time_published_events_are_deleted_and_no_others() {
    let opened = one_of_each().await;
    let retention = Duration::from_hours(24);
    let clean = async || while opened.store.clean(retention).await.unwrap() > 0 {};
    opened.clock.advance(retention / 2);
    clean().await;
    assert_eq!(states(&opened).await.len(), 4);
    opened.clock.advance(retention);
    clean().await;
    assert_eq!(states(&opened).await, [EventState::Dead, EventState::Pending, EventState::Pending]);
    opened.clock.advance(retention * 1000);
    clean().await;
    assert_eq!(states(&opened).await, [EventState::Dead, EventState::Pending, EventState::Pending]);
}
