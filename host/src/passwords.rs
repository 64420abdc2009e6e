//! Passwords: argon2id (RFC 9106) on native threads of their own. Their number and their queue are bounded; beyond, the answer is "busy", at
//! once. Each thread reserves its memory at its first hash and reuses it.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::Config;
use crate::keys;
use crate::metrics::Metrics;

/// A password as the caller gave it, normalised (NFC). Wiped when dropped; it has no `Debug`.
#[derive(Clone)]
pub struct Password(Arc<Zeroizing<String>>);

impl Password {
    /// Takes a password over.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Zeroizing::new(text.nfc().collect())))
    }

    /// The text, for hashing and for estimates of its strength.
    pub fn expose(&self) -> &str {
        &self.0
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
}

impl PasswordHasher {
    /// Starts the threads.
    pub fn start(config: &Config, metrics: &Arc<Metrics>) -> anyhow::Result<Self> {
        let params = Params::new(config.hash_memory_kib, config.hash_iterations, 1, Some(Params::DEFAULT_OUTPUT_LEN))
            .map_err(|fault| anyhow::anyhow!("PASSWORD_HASH_MEMORY_KIB and PASSWORD_HASH_ITERATIONS: {fault}"))?;
        let (jobs, queue) = bounded(config.hash_queue);
        for number in 0..config.hash_threads {
            let thread = HashThread { params: params.clone(), memory: Vec::new() };
            let (queue, metrics) = (queue.clone(), Arc::clone(metrics));
            thread::Builder::new().name(format!("password-{number}")).spawn(move || thread.work(&queue, &metrics))?;
        }
        let stand_in = phc(&params, &keys::random::<16>(), &keys::random::<32>()).map_err(|fault| anyhow::anyhow!("{fault}"))?;
        Ok(Self { jobs, stand_in: stand_in.into() })
    }

    /// Hashes a new password: a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let (answer, hash) = oneshot::channel();
        self.submit(Job::Hash(password.clone(), answer))?;
        hash.await.map_err(|_| HashError::Busy)?
    }

    /// Whether `password` is what `hash` was made from. Without a hash it does the same work and finds no match.
    pub async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<Verified, HashError> {
        let (answer, verified) = oneshot::channel();
        self.submit(Job::Verify(password.clone(), hash.unwrap_or(&self.stand_in).to_owned(), answer))?;
        let mut verified = verified.await.map_err(|_| HashError::Busy)??;
        verified.matches &= hash.is_some();
        Ok(verified)
    }

    /// How many hashes wait for a thread.
    pub fn waiting(&self) -> usize {
        self.jobs.len()
    }

    fn submit(&self, job: Job) -> Result<(), HashError> {
        self.jobs.try_send((job, Instant::now())).map_err(|(TrySendError::Full(_) | TrySendError::Disconnected(_))| HashError::Busy)
    }
}

struct HashThread {
    params: Params,
    memory: Vec<Block>,
}

impl HashThread {
    fn work(mut self, queue: &Receiver<(Job, Instant)>, metrics: &Metrics) {
        // Refreshes and health checks stay fast beside logins. On Linux a thread may lower its own priority without any right.
        if let Err(fault) = rustix::process::setpriority_process(None, 10) {
            tracing::debug!(%fault, "hash thread keeps its priority");
        }
        for (job, queued) in queue {
            metrics.password_hash_wait.observe(queued.elapsed().as_secs_f64());
            let _busy = metrics.password_hash_seconds.start_timer();
            // A caller that has gone is not worth 15 ms of a core.
            match job {
                Job::Hash(password, answer) if !answer.is_closed() => drop(answer.send(self.hash(&password))),
                Job::Verify(password, hash, answer) if !answer.is_closed() => drop(answer.send(self.verify(&password, &hash))),
                Job::Hash(..) | Job::Verify(..) => {}
            }
        }
    }

    fn hash(&mut self, password: &Password) -> Result<String, HashError> {
        let salt = keys::random::<16>();
        let params = self.params.clone();
        let output = self.derive(password, &salt, &params, Params::DEFAULT_OUTPUT_LEN)?;
        phc(&params, &salt, &output)
    }

    fn verify(&mut self, password: &Password, hash: &str) -> Result<Verified, HashError> {
        let failed = |fault: &dyn std::fmt::Display| HashError::Failed(format!("the stored hash: {fault}"));
        let stored = PasswordHash::new(hash).map_err(|fault| failed(&fault))?;
        let params = Params::try_from(&stored).map_err(|fault| failed(&fault))?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else { return Err(failed(&"no salt or no hash")) };
        if stored.algorithm != argon2::ARGON2ID_IDENT {
            return Err(failed(&"not argon2id"));
        }
        let output = self.derive(password, salt.as_ref(), &params, expected.as_bytes().len())?;
        let matches = aws_lc_rs::constant_time::verify_slices_are_equal(&output, expected.as_bytes()).is_ok();
        let current =
            (params.m_cost(), params.t_cost(), params.p_cost()) == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let rehashed = if matches && !current { Some(self.hash(password)?) } else { None };
        Ok(Verified { matches, rehashed })
    }

    fn derive(&mut self, password: &Password, salt: &[u8], params: &Params, length: usize) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let mut output = Zeroizing::new(vec![0; length]);
        let result = argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut output, &mut self.memory[..blocks]);
        // The first blocks are derived from the password most directly; the rest is overwritten by the next hash.
        self.memory.iter_mut().take(4).for_each(zeroize::Zeroize::zeroize);
        result.map_err(|fault| HashError::Failed(fault.to_string()))?;
        Ok(output)
    }
}

impl Drop for HashThread {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, HashError> {
    let failed = |fault: &dyn std::fmt::Display| HashError::Failed(fault.to_string());
    Ok(PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|fault| failed(&fault))?,
        salt: Some(Salt::new(salt).map_err(|fault| failed(&fault))?),
        hash: Some(Output::new(output).map_err(|fault| failed(&fault))?),
    }
    .to_string())
}
