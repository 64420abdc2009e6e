//! What the broker must have: it is declared where it is missing, used where it is there, and
//! mended where it goes away.

use super::{delivered, publishing_to};
use crate::support::{Consumer, broker, eventually};

#[tokio::test]
async fn an_exchange_that_is_deleted_is_declared_again() {
    let broker = broker();
    let service = publishing_to(&broker).start().await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    for number in 0..3 {
        service.newcomer(&format!("person{number}")).await;
        delivered(&consumer, number + 1).await;
        service.published().await;
        broker.delete_exchange().await;
    }
    service.newcomer("last").await;
    delivered(&consumer, 4).await;
    service.published().await;
    assert!(service.count("auth_relay_topology_mended_total", &[]).await >= 3);
    assert_eq!(service.count("auth_outbox_dead_total", &[]).await, 0);
    service.stop().await;
    broker.remove_own().await;
}

#[tokio::test]
async fn a_queue_that_is_deleted_is_declared_again() {
    let broker = broker();
    let service = publishing_to(&broker).start().await;
    for number in 0..3 {
        service.newcomer(&format!("person{number}")).await;
        let waiting = async || (broker.queue_depth().await == Some(1)).then_some(());
        eventually("the message of this registration and no other", waiting).await;
        service.published().await;
        broker.take_one().await;
        assert!(broker.delete_empty_queue().await, "the queue was not empty");
        assert_eq!(broker.queue_depth().await, None);
    }
    service.newcomer("last").await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    delivered(&consumer, 1).await;
    service.published().await;
    assert!(service.count("auth_relay_topology_mended_total", &[]).await >= 3);
    assert_eq!(service.count("auth_outbox_dead_total", &[]).await, 0);
    service.stop().await;
    broker.remove_own().await;
}

#[tokio::test]
async fn an_exchange_with_arguments_of_its_own_is_used_as_it_is() {
    let broker = broker();
    broker.declare_exchange_with_an_alternate().await;
    let service = publishing_to(&broker).start().await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    service.newcomer("leo").await;
    delivered(&consumer, 1).await;
    service.stop().await;
    broker.remove_own().await;
}

#[tokio::test]
async fn a_queue_that_is_not_durable_is_used_and_operators_are_told() {
    let broker = broker();
    broker.declare_queue_that_is_not_durable().await;
    let service = publishing_to(&broker).start().await;
    let consumer = Consumer::on(&broker.url, &broker.queue);
    service.newcomer("leo").await;
    delivered(&consumer, 1).await;
    let ready = service.get("/readyz").await.json();
    let detail = ready["events"]["detail"].as_str().unwrap();
    assert!(detail.contains(&broker.queue) && detail.contains("not durable"), "{ready}");
    service.stop().await;
    broker.remove_own().await;
}
