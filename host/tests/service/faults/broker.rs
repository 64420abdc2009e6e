//! What a broker can do to events.

use std::time::Duration;

use tokio::time::sleep;

use super::rounds;
use super::world::{Ways, World, until};
use crate::support::{Rabbit, database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_killed_and_comes_back() {
    let mut rabbit = Rabbit::start().await;
    let mut world =
        World::begin("broker killed", database().await, rabbit.broker(), Ways::default()).await;
    // What was declared a moment ago is on its disk after an orderly restart, and else would be the
    // loss.
    rabbit.stop().await;
    rabbit.start_again().await;
    world.faults += 1;
    world.accepted(20).await;
    for _ in 0..2 * rounds() {
        world.random.pause(500, 3_000).await;
        rabbit.kill().await;
        // The service serves without it.
        world.accepted(20).await;
        rabbit.start_again().await;
        world.faults += 1;
    }
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_away_at_the_start() {
    let mut rabbit = Rabbit::start().await;
    let broker = rabbit.broker();
    broker.declare_everything().await;
    // Not killed: a queue that the tests declared a moment ago would be the loss.
    rabbit.stop().await;
    let mut world =
        World::begin_with("broker away at the start", database().await, broker, Ways::default())
            .await;
    world.accepted(50).await;
    rabbit.start_again().await;
    world.faults += 1;
    world.accepted(50).await;
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_freezes() {
    let rabbit = Rabbit::start().await;
    let mut world =
        World::begin("broker frozen for 20 s", database().await, rabbit.broker(), Ways::default())
            .await;
    for _ in 0..rounds() {
        world.random.pause(500, 2_000).await;
        rabbit.freeze();
        sleep(Duration::from_secs(20)).await;
        world.accepted(20).await;
        // Each connection has a thread of lapin's. Those that were given up are gone, though the
        // broker never answered their goodbye.
        let one_at_most =
            async || world.replicas.threads("lapin-io-loop").iter().all(|threads| *threads <= 1);
        assert!(
            until(one_at_most).await,
            "connections are left: {:?}",
            world.replicas.threads("lapin-io-loop")
        );
        rabbit.thaw();
        world.faults += 1;
    }
    world.judge().await;
}

/// The queue is deleted while nothing is on its way: what it held at that moment would be the
/// deletion's loss, not the service's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_deleted() {
    let rabbit = Rabbit::start().await;
    let mut world =
        World::begin("queue deleted", database().await, rabbit.broker(), Ways::default()).await;
    for _ in 0..5 * rounds() {
        world.accepted(20).await;
        world.rest().await;
        world.delete_queue().await;
        world.load.work();
        world.queue_is_back().await;
        world.faults += 1;
    }
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_the_broker_is_full() {
    let rabbit = Rabbit::start().await;
    let mut world =
        World::begin("broker's disk full", database().await, rabbit.broker(), Ways::default())
            .await;
    for _ in 0..2 * rounds() {
        world.random.pause(500, 1_500).await;
        let timeouts = async || {
            world.replicas.count("auth_outbox_publish_total", &[("result", "timeout")]).await
        };
        let before = timeouts().await;
        rabbit.disk_alarm(true).await;
        let blocked = async || world.replicas.count("auth_relay_blocked", &[]).await == [1, 1];
        assert!(until(blocked).await, "the broker blocks nobody");
        let connections = world.replicas.count("auth_relay_reconnects_total", &[]).await;
        // What was on its way waits in vain for its confirms.
        let in_vain =
            async || timeouts().await.iter().zip(&before).all(|(now, before)| now > before);
        assert!(until(in_vain).await, "nothing waits for its confirms");
        world.accepted(20).await;
        assert_eq!(
            world.replicas.count("auth_relay_connected", &[]).await,
            [1, 1],
            "a connection that was only blocked is given up"
        );
        assert_eq!(
            world.replicas.count("auth_relay_reconnects_total", &[]).await,
            connections,
            "it was made anew"
        );
        rabbit.disk_alarm(false).await;
        world.faults += 1;
    }
    world.judge().await;
}
