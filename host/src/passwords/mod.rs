//! Passwords: argon2id (RFC 9106) on native threads of their own. Their number and their queue are
//! bounded; beyond, the answer is "busy", at once. Each thread reserves its memory at its first
//! hash and reuses it.
//!
//! bcrypt hashes of the old service are verified and replaced. While one is left, a failed
//! verification costs what both algorithms cost, whatever hash the account has, or none: nobody can
//! tell imported, new and unknown accounts apart.

mod stored;
#[cfg(test)]
mod tests;
mod thread;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use argon2::Params;
use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::keys;
use crate::metrics::Metrics;

use thread::HashThread;

pub use stored::{MAX_BCRYPT_COST, StoredHash};

/// A password. Wiped when dropped; it has no `Debug`.
#[derive(Clone)]
pub struct Password(Arc<Forms>);

struct Forms {
    /// Normalised (NFC).
    normal: Zeroizing<String>,
    /// As the caller gave it: the old service hashed that.
    given: Zeroizing<String>,
}

impl Password {
    /// Takes a password over.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Forms {
            normal: Zeroizing::new(text.nfc().collect()),
            given: Zeroizing::new(text.to_owned()),
        }))
    }

    /// The normalised text (NFC), for hashing and for estimates of its strength.
    pub fn expose(&self) -> &str {
        &self.0.normal
    }
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The queue is full, or the service is stopping.
    #[error("the queue of the hash threads is full")]
    Busy,
    /// argon2 did not take its input.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// What [`PasswordHasher::verify`] found.
pub struct Verified {
    /// Whether it is the account's password.
    pub matches: bool,
    /// A hash with the current parameters, where it matches and the stored one is older.
    pub rehashed: Option<String>,
}

enum Job {
    Hash(Password, oneshot::Sender<Result<String, HashError>>),
    Verify(Password, String, oneshot::Sender<Result<Verified, HashError>>),
}

/// The hash threads. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: Sender<(Job, Instant)>,
    /// A hash of nobody's password: an unknown account costs what a known one does.
    stand_in: Arc<str>,
    /// The cost of bcrypt hashes that are still stored; 0 where there is none.
    bcrypt_cost: Arc<AtomicU32>,
}

impl PasswordHasher {
    /// Starts the threads.
    pub fn start(config: &Config, metrics: &Arc<Metrics>) -> anyhow::Result<Self> {
        let params = Params::new(
            config.hash_memory_kib,
            config.hash_iterations,
            1,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|fault| {
            anyhow::anyhow!("PASSWORD_HASH_MEMORY_KIB and PASSWORD_HASH_ITERATIONS: {fault}")
        })?;
        let (jobs, queue) = bounded(config.hash_queue);
        let bcrypt_cost = Arc::new(AtomicU32::new(0));
        for number in 0..config.hash_threads {
            let thread = HashThread {
                params: params.clone(),
                memory: Vec::new(),
                bcrypt_cost: Arc::clone(&bcrypt_cost),
                argon2_hashes: metrics.password_hashes.with_label_values(&["argon2id"]),
                bcrypt_hashes: metrics.password_hashes.with_label_values(&["bcrypt"]),
            };
            let (queue, metrics) = (queue.clone(), Arc::clone(metrics));
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
