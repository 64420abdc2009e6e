//! Messages that the broker refuses: whose fault it is, and what it costs.

use auth_host::store::{EventFilter, EventState};
use serde_json::json;

use super::{delivered, publishing_to};
use crate::support::{Consumer, Person, Rabbit, broker, eventually};

#[tokio::test]
async fn a_queue_that_is_full_costs_an_event_none_of_its_attempts() {
    let broker = broker();
    broker.declare_queue_for_one_message().await;
    let service = publishing_to(&broker).setting("OUTBOX_MAX_ATTEMPTS", "1").start().await;
    for number in 0..4 {
        service.newcomer(&format!("person{number}")).await;
    }
    let nacks = async || service.count("auth_outbox_publish_total", &[("result", "nack")]).await;
    eventually("messages that the queue refuses twice", async || (nacks().await >= 6).then_some(())).await;
    // One more gets through, and the others do not.
    broker.take_one().await;
    let before = nacks().await;
    eventually("messages that it refuses again", async || (nacks().await >= before + 4).then_some(())).await;
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
    assert!(dead[0].last_error.as_ref().is_some_and(|error| error.contains("PRECONDITION")), "{:?}", dead[0].last_error);

    // An operator raises the limit, and lets it go out again.
    rabbit.limit_message_size(10_000_000).await;
    app.services.store.outbox_retry(&[]).await.unwrap();
    delivered(&consumer, others + 1).await;
    drop(app);
    service.stop().await;
}
