//! What a database can do.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::rounds;
use super::world::{Ways, World};
use crate::support::{Postgres, broker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_crashes() {
    let mut postgres = Postgres::start().await;
    let mut world =
        World::begin("PostgreSQL crashed", postgres.database().await, broker(), Ways::default())
            .await;
    let mut slowest = Duration::ZERO;
    for round in 0..6 * rounds() {
        world.random.pause(300, 2_000).await;
        if round % 2 == 0 {
            postgres.restart_immediately().await;
        } else {
            postgres.kill().await;
            postgres.start_again().await;
        }
        world.faults += 1;
        let back = Instant::now();
        world.accepted(1).await;
        slowest = slowest.max(back.elapsed());
        world.accepted(20).await;
    }
    println!(
        "PostgreSQL crashed: somebody was registered {slowest:?} after its return, at the latest"
    );
    world.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_freezes() {
    let postgres = Postgres::start().await;
    let mut world =
        World::begin("PostgreSQL frozen", postgres.database().await, broker(), Ways::default())
            .await;
    for _ in 0..2 * rounds() {
        world.random.pause(300, 2_000).await;
        postgres.freeze();
        sleep(Duration::from_secs(8)).await;
        postgres.thaw();
        world.faults += 1;
        world.accepted(20).await;
    }
    world.judge().await;
}
