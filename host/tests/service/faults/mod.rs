//! Faults from outside, under load: replicas, the broker, the database and the network between them
//! are killed, frozen, cut and filled up. What must hold afterwards is the same for all of them:
//! see [`verdict`].
//!
//! `./justw test` runs a round of each; `./justw soak` runs more (`SOAK_ROUNDS`). `FAULTS_SEED`
//! repeats the random moments of a run.

mod broker;
mod calm;
mod database;
mod judging;
mod load;
mod network;
mod random;
mod replicas;
mod verdict;
mod world;

/// How many times as many faults.
fn rounds() -> usize {
    std::env::var("SOAK_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}
