//! The hash threads from outside: their queue is bounded, and who does not get in is told at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use argon2::Params;
use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::job::{HashError, Job, Verified};
use super::metrics::HashMetrics;
use super::password::Password;
use super::stored::MAX_BCRYPT_COST;
use super::thread::{self, HashThread};
use crate::keys;

/// How passwords are hashed.
#[derive(Debug, Clone)]
pub struct HashSettings {
    pub threads: usize,
    /// Hashes that may wait for a thread; beyond, the answer is [`HashError::Busy`].
    pub queue: usize,
    /// argon2id `m`, in KiB; each thread keeps that much.
    pub memory_kib: u32,
    /// argon2id `t`.
    pub iterations: u32,
}

/// The hash threads. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: Sender<(Job, Instant)>,
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
        let (jobs, queue) = bounded(settings.queue);
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
        Ok(Self { jobs, stand_in: stand_in.into(), bcrypt_cost })
    }

    /// Says whether bcrypt hashes are stored, and of which cost.
    pub fn expect_bcrypt(&self, cost: Option<u32>) {
        self.bcrypt_cost.store(cost.unwrap_or_default().min(MAX_BCRYPT_COST), Ordering::Relaxed);
    }

    /// Hashes a new password: a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let (answer, hash) = oneshot::channel();
        self.submit(Job::Hash(password.clone(), answer))?;
        hash.await.map_err(|_| HashError::Busy)?
    }

    /// Whether `password` is what `hash` was made from. Without a hash it does the same work and
    /// finds no match.
    pub async fn verify(
        &self,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Verified, HashError> {
        let (answer, verified) = oneshot::channel();
        self.submit(Job::Verify(
            password.clone(),
            hash.unwrap_or(&self.stand_in).to_owned(),
            answer,
        ))?;
        let mut verified = verified.await.map_err(|_| HashError::Busy)??;
        verified.matches &= hash.is_some();
        Ok(verified)
    }

    /// How many hashes wait for a thread.
    pub fn waiting(&self) -> usize {
        self.jobs.len()
    }

    fn submit(&self, job: Job) -> Result<(), HashError> {
        self.jobs
            .try_send((job, Instant::now()))
            .map_err(|(TrySendError::Full(_) | TrySendError::Disconnected(_))| HashError::Busy)
    }
}
