//! The relay and a broker that answers, but not always with yes.

mod refusals;
mod topology;

use crate::support::{Broker, Consumer, TestService, TestServiceBuilder, eventually};

/// A service that publishes to this broker.
fn publishing_to(broker: &Broker) -> TestServiceBuilder {
    broker
        .settings()
        .iter()
        .fold(TestService::with(), |builder, (name, value)| builder.setting(name, value))
}

/// Goes on once that many people are known to the consumer.
async fn delivered(consumer: &Consumer, people: usize) {
    eventually("a message for everybody", async || (consumer.ids().len() >= people).then_some(()))
        .await;
}
