//! The hash threads from outside: a turn first, then a hash. Who gets no place is told at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use argon2::Params;
use crossbeam_channel::{Sender, unbounded};
use tokio::sync::oneshot;

use super::asker::Asker;
use super::job::{Job, Work};
use super::metrics::HashMetrics;
use super::outcome::{HashError, Verified};
use super::password::Password;
use super::settings::HashSettings;
use super::stored::MAX_BCRYPT_COST;
use super::thread::{self, HashThread};
use super::turns::{Turn, Turns};
use crate::keys;

/// The hash threads. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    /// Bounded by the turns: there is no job without one.
    jobs: Sender<Job>,
    turns: Turns,
    /// A hash of nobody's password: an unknown account costs what a known one does.
    stand_in: Arc<str>,
    /// The cost of bcrypt hashes that are still stored; 0 if there is none.
    bcrypt_cost: Arc<AtomicU32>,
}

impl PasswordHasher {
    pub fn start(settings: &HashSettings, metrics: &HashMetrics) -> anyhow::Result<Self> {
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            1,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|fault| {
            anyhow::anyhow!("PASSWORD_HASH_MEMORY_KIB and PASSWORD_HASH_ITERATIONS: {fault}")
        })?;
        let (jobs, queue) = unbounded();
        let turns = Turns::new(settings, metrics.clone());
        let bcrypt_cost = Arc::new(AtomicU32::new(0));
        for number in 0..settings.threads {
            let thread = HashThread {
                params: params.clone(),
                memory: Vec::new(),
                bcrypt_cost: Arc::clone(&bcrypt_cost),
                argon2_hashes: metrics.hashes.with_label_values(&["argon2id"]),
                bcrypt_hashes: metrics.hashes.with_label_values(&["bcrypt"]),
            };
            let (queue, metrics) = (queue.clone(), metrics.clone());
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || thread.work(&queue, &metrics))?;
        }
        let stand_in = thread::phc(&params, &keys::random::<16>(), &keys::random::<32>())
            .map_err(|fault| anyhow::anyhow!("{fault}"))?;
        Ok(Self { jobs, turns, stand_in: stand_in.into(), bcrypt_cost })
    }

    /// Says whether bcrypt hashes are stored, and of which cost.
    pub fn expect_bcrypt(&self, cost: Option<u32>) {
        self.bcrypt_cost.store(cost.unwrap_or_default().min(MAX_BCRYPT_COST), Ordering::Relaxed);
    }

    /// A turn, if one is free at once.
    pub fn turn_at_once(&self, asker: &Asker) -> Option<Turn> {
        self.turns.at_once(asker)
    }

    /// Waits for a turn, as long as that is of use; dropped, it gives up its place.
    pub async fn turn(&self, asker: &Asker) -> Result<Turn, HashError> {
        self.turns.next(asker).await
    }

    /// Hashes a new password: a PHC string. If nobody waits any more before it is begun, it is not
    /// made.
    pub async fn hash(&self, turn: Turn, password: &Password) -> Result<String, HashError> {
        let (answer, hash) = oneshot::channel();
        self.submit(turn, Work::Hash(password.clone(), answer))?;
        hash.await.map_err(|_| HashError::Busy)?
    }

    /// Whether `password` is what `hash` was made from. Without a hash it does the same work and
    /// finds no match. If nobody waits any more before it is begun, it is not made.
    pub async fn verify(
        &self,
        turn: Turn,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Verified, HashError> {
        let (answer, verified) = oneshot::channel();
        let work =
            Work::Verify(password.clone(), hash.unwrap_or(&self.stand_in).to_owned(), answer);
        self.submit(turn, work)?;
        let mut verified = verified.await.map_err(|_| HashError::Busy)??;
        verified.matches &= hash.is_some();
        Ok(verified)
    }

    /// How many attempts wait for a thread.
    pub fn waiting(&self) -> usize {
        self.turns.waiting()
    }

    fn submit(&self, turn: Turn, work: Work) -> Result<(), HashError> {
        self.jobs.send(Job { turn, work }).map_err(|_| HashError::Busy)
    }
}
