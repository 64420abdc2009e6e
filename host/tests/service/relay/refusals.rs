//! Messages that the broker refuses: whose fault it is, and what it costs.

use auth_host::events::NewEvent;
use auth_host::store::{EventFilter, EventState, Store, Writes};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{delivered, publishing_to};
use crate::support::{Consumer, Person, Proxy, Rabbit, broker, eventually, lines_with};

/// The type of the events that the queue is for, and one of the others.
const QUEUED: &str = "user.created";
const OTHER: &str = "custom.test.event";

/// More events of an account, each with a text in its body and a key of its own.
async fn append(
    store: &Store,
    user_id: i64,
    event_type: &str,
    texts: impl IntoIterator<Item = String>,
) {
    let event = |text| NewEvent {
        event_type: event_type.to_owned(),
        data: Map::from_iter([("text".to_owned(), Value::String(text))]),
        ordering_key: Some(Uuid::new_v4().to_string()),
        traceparent: None,
    };
    let events = texts.into_iter().map(event).collect();
    store
        .refuse(Some(user_id), &Writes { slot: "login", events, ..Writes::default() })
        .await
        .unwrap();
}

/// How many events of that type are in this state.
async fn counted(store: &Store, event_type: &str, state: EventState) -> usize {
    let filter = EventFilter { state: Some(state), message_id: None, most: 10_000 };
    store
        .outbox_list(&filter)
        .await
        .unwrap()
        .iter()
        .filter(|event| event.event_type == event_type)
        .count()
}

#[tokio::test]
async fn a_queue_that_is_full_costs_an_event_none_of_its_attempts() {
    let broker = broker();
    broker.declare_queue_for_one_message().await;
    let service = publishing_to(&broker).setting("OUTBOX_MAX_ATTEMPTS", "1").start().await;
    for number in 0..4 {
        service.newcomer(&format!("person{number}")).await;
    }
    let nacks = async || service.count("auth_outbox_publish_total", &[("result", "nack")]).await;
    eventually("messages that the queue refuses twice", async || {
        (nacks().await >= 6).then_some(())
    })
    .await;
    // One more gets through, and the others do not.
    broker.take_one().await;
    let before = nacks().await;
    eventually("messages that it refuses again", async || {
        (nacks().await >= before + 4).then_some(())
    })
    .await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    // All but the one that was taken.
    delivered(&consumer, 3).await;
    service.published().await;
    assert_eq!(service.count("auth_outbox_dead_total", &[]).await, 0);
    service.stop().await;
    broker.remove_own().await;
}

#[tokio::test]
async fn a_message_that_the_broker_never_takes_is_given_up_and_no_other_is() {
    const LIMIT: usize = 300;
    let rabbit = Rabbit::start().await;
    rabbit.limit_message_size(LIMIT).await;
    let broker = rabbit.broker();
    let service = publishing_to(&broker).setting("OUTBOX_MAX_ATTEMPTS", "2").start().await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    let long = json!("я".repeat(50));
    let mut form = Person::new("oversized").form();
    for name in ["name", "surname", "fathers_name"] {
        form[name] = long.clone();
    }
    service.register(&form).await.tokens();
    let mut others = 0;
    // That others get through is what tells that it is not the broker's fault.
    let given_up = async || {
        service.newcomer(&format!("person{others}")).await;
        others += 1;
        (service.count("auth_outbox_dead_total", &[]).await > 0).then_some(())
    };
    eventually("an event that is given up", given_up).await;
    delivered(&consumer, others).await;
    service.published().await;

    let app = service.app();
    let dead = EventFilter { state: Some(EventState::Dead), message_id: None, most: 10 };
    let dead = app.services.store.outbox_list(&dead).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].attempts, dead[0].payload.len() > LIMIT), (2, true));
    assert!(
        dead[0].last_error.as_ref().is_some_and(|error| error.contains("PRECONDITION")),
        "{:?}",
        dead[0].last_error
    );

    // An operator raises the limit, and lets it go out again.
    rabbit.limit_message_size(10_000_000).await;
    app.services.store.outbox_retry(&[]).await.unwrap();
    delivered(&consumer, others + 1).await;
    drop(app);
    service.stop().await;
}

#[tokio::test]
async fn a_queue_that_is_full_keeps_no_other_event_waiting() {
    const WAITING: usize = 1000;
    let broker = broker();
    broker.declare_queue_for_one_message().await;
    let service = publishing_to(&broker).start().await;
    let (_, tokens) = service.newcomer("leo").await;
    let app = service.app();
    let store = &app.services.store;
    append(store, tokens.user_id, QUEUED, (0..WAITING).map(|number| number.to_string())).await;
    let nacks = async || service.count("auth_outbox_publish_total", &[("result", "nack")]).await;
    eventually("messages that the queue refuses", async || {
        (nacks().await >= WAITING as u64).then_some(())
    })
    .await;
    for number in 1..=5 {
        append(store, tokens.user_id, OTHER, [number.to_string()]).await;
        let published =
            async || (counted(store, OTHER, EventState::Published).await == number).then_some(());
        eventually("an event that does not go to the queue", published).await;
    }
    assert_eq!(
        counted(store, QUEUED, EventState::Pending).await,
        WAITING,
        "the queue is still full"
    );
    let consumer = Consumer::on(&broker.url, &broker.queue);
    delivered(&consumer, 1 + WAITING).await;
    service.published().await;
    drop(app);
    service.stop().await;
    broker.remove_own().await;
}

#[tokio::test]
async fn a_message_that_is_refused_in_a_large_batch_does_not_cost_one_connection_after_the_other() {
    const OTHERS: usize = 500;
    let rabbit = Rabbit::start().await;
    rabbit.limit_message_size(400).await;
    let broker = rabbit.broker();
    let proxy = Proxy::to(&broker.address()).await;
    proxy.refuse();
    // So that no busy machine ends a connection for its slowness.
    let with = publishing_to(&broker).setting("AMQP_CONFIRM_TIMEOUT", "60s");
    let service = with.setting("AMQP_URL", &broker.url_by(proxy.address())).start().await;
    let (_, tokens) = service.newcomer("leo").await;
    let app = service.app();
    let store = &app.services.store;
    append(
        store,
        tokens.user_id,
        OTHER,
        std::iter::once("x".repeat(1000))
            .chain((0..OTHERS).map(|number| format!("number {number}"))),
    )
    .await;
    proxy.accept();
    let published =
        async || (counted(store, OTHER, EventState::Published).await == OTHERS).then_some(());
    eventually("all events but one", published).await;
    let refused = store
        .outbox_list(&EventFilter { state: Some(EventState::Pending), message_id: None, most: 10 })
        .await
        .unwrap();
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].last_error.as_ref().is_some_and(|error| error.contains("PRECONDITION")),
        "{:?}",
        refused[0].last_error
    );
    // One is lost where the client writes on the channel after it has said that it closes it (lapin
    // 4.12): the broker takes that for an error of the connection. It is not lost again and again.
    let connections = service.count("auth_relay_reconnects_total", &[]).await;
    let losses = lines_with(0, "the connection to RabbitMQ is lost");
    assert!(connections <= 2, "{connections} connections; lost by all tests: {losses:?}");
    rabbit.limit_message_size(10_000_000).await;
    let refused = refused[0].message_id.parse().unwrap();
    let retried = async || {
        if counted(store, OTHER, EventState::Published).await > OTHERS {
            return Some(());
        }
        // A try that was under way would make it wait.
        store.outbox_retry(&[refused]).await.unwrap();
        None
    };
    eventually("the one that was refused", retried).await;
    drop(app);
    service.stop().await;
}
