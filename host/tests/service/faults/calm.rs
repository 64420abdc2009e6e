//! Nothing goes wrong: no message comes twice, also while replicas are replaced one after the
//! other.

use super::world::{Ways, World};
use crate::support::{broker, database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_goes_wrong_no_message_comes_twice() {
    // However busy the machine is: no time limit is the cause of a repeat.
    let more = vec![
        ("AMQP_CONFIRM_TIMEOUT", "60s".to_owned()),
        ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "120s".to_owned()),
    ];
    let mut world =
        World::begin("good weather", database().await, broker(), Ways { more, ..Ways::default() })
            .await;
    world.accepted(100).await;
    for round in 0..6 {
        world.random.pause(50, 500).await;
        world.replicas.restart_in_order(round % 2).await;
        world.accepted(20).await;
    }
    assert_eq!(world.judge().await, 0, "messages came twice");
}
