//! Replicas that are killed, and connections that are cut in the middle of whatever they carry.

use std::time::Duration;

use tokio::time::sleep;

use super::rounds;
use super::world::{Ways, World, until};
use crate::support::{Proxy, Sender, broker, database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_killed() {
    let mut world =
        World::begin("replicas killed", database().await, broker(), Ways::default()).await;
    for _ in 0..24 * rounds() {
        world.random.pause(50, 700).await;
        let replica = world.random.below(2);
        world.replicas.kill(replica).await;
        world.faults += 1;
        // Now and then both are away.
        if world.random.below(4) == 0 {
            world.random.pause(50, 300).await;
            world.replicas.kill(1 - replica).await;
            world.faults += 1;
            world.replicas.start_again(1 - replica).await;
        }
        world.replicas.start_again(replica).await;
    }
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_database_are_cut() {
    let database = database().await;
    let proxy = Proxy::to(&database.address()).await;
    let ways = Ways { database: Some(database.url_by(proxy.address())), ..Ways::default() };
    let mut world = World::begin("database's connections cut", database, broker(), ways).await;
    for _ in 0..100 * rounds() {
        cut(&mut world, &proxy, 3_000).await;
    }
    for _ in 0..rounds() {
        world.terminate_backends().await;
        interrupt(&mut world, &proxy).await;
    }
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_broker_are_cut() {
    let broker = broker();
    let proxy = Proxy::to(&broker.address()).await;
    let ways = Ways { broker: Some(broker.url_by(proxy.address())), ..Ways::default() };
    let mut world = World::begin("broker's connections cut", database().await, broker, ways).await;
    for _ in 0..20 * rounds() {
        cut(&mut world, &proxy, 20_000).await;
    }
    for _ in 0..rounds() {
        interrupt(&mut world, &proxy).await;
    }
    world.judge().await;
}

/// Cuts a connection within so many bytes of one side, or after a while all of them.
async fn cut(world: &mut World, proxy: &Proxy, within: usize) {
    if world.random.below(8) == 0 {
        world.random.pause(20, 200).await;
        proxy.cut();
    } else {
        let sender = if world.random.below(2) == 0 { Sender::Client } else { Sender::Server };
        proxy.cut_after(sender, 1 + world.random.below(within));
        assert!(until(async || !proxy.is_about_to_cut()).await, "nothing is sent");
    }
    world.faults += 1;
}

/// Takes the way away for a while, and then lets it carry nothing for longer than anybody waits.
async fn interrupt(world: &mut World, proxy: &Proxy) {
    world.accepted(10).await;
    proxy.refuse();
    sleep(Duration::from_secs(2)).await;
    proxy.accept();
    world.accepted(10).await;
    proxy.freeze();
    sleep(Duration::from_secs(7)).await;
    proxy.thaw();
    world.accepted(10).await;
    world.faults += 2;
}
