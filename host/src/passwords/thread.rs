//! What a hash thread does, one job after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crossbeam_channel::Receiver;
use prometheus::IntCounter;
use zeroize::{Zeroize as _, Zeroizing};

use super::job::{Job, Work};
use super::metrics::HashMetrics;
use super::outcome::{HashError, Verified};
use super::password::Password;
use super::stored::{MAX_BCRYPT_COST, StoredHash};
use crate::keys;

/// A thread that hashes, with its memory.
pub(super) struct HashThread {
    pub(super) params: Params,
    pub(super) memory: Vec<Block>,
    /// The cost of bcrypt hashes that are still stored; 0 if there is none.
    pub(super) bcrypt_cost: Arc<AtomicU32>,
    pub(super) argon2_hashes: IntCounter,
    pub(super) bcrypt_hashes: IntCounter,
}

impl HashThread {
    pub(super) fn work(mut self, queue: &Receiver<Job>, metrics: &HashMetrics) {
        // Refreshes and health checks stay fast beside logins. On Linux a thread may lower its own
        // priority without any right.
        if let Err(fault) = rustix::process::setpriority_process(None, 10) {
            tracing::debug!(%fault, "hash thread keeps its priority");
        }
        for Job { turn, work } in queue {
            // An asker that has gone is not worth 15 ms of a core.
            if work.is_abandoned() {
                metrics.abandoned.inc();
                continue;
            }
            metrics.wait.observe(turn.since.elapsed().as_secs_f64());
            let busy = metrics.seconds.start_timer();
            match work {
                Work::Hash(password, answer) => drop(answer.send(self.hash(&password))),
                Work::Verify(password, hash, answer) => {
                    drop(answer.send(self.verify(&password, &hash)));
                }
            }
            busy.observe_duration();
        }
    }

    fn hash(&mut self, password: &Password) -> Result<String, HashError> {
        let salt = keys::random::<16>();
        let params = self.params.clone();
        let output = self.derive(password, &salt, &params, Params::DEFAULT_OUTPUT_LEN)?;
        phc(&params, &salt, &output)
    }

    fn verify(&mut self, password: &Password, hash: &str) -> Result<Verified, HashError> {
        if StoredHash::looks_like_bcrypt(hash) {
            return self.verify_bcrypt(password, hash);
        }
        let verified = self.verify_argon2(password, hash)?;
        let dearest = self.bcrypt_cost.load(Ordering::Relaxed);
        if !verified.matches && dearest > 0 {
            self.bcrypt_hashes.inc();
            bcrypt_of(dearest, password);
        }
        Ok(verified)
    }

    /// bcrypt takes the first 72 bytes, as the caller gave them.
    fn verify_bcrypt(&mut self, password: &Password, hash: &str) -> Result<Verified, HashError> {
        let Some(StoredHash::Bcrypt { cost }) = StoredHash::of(hash) else {
            return Err(HashError::Failed(format!(
                "the stored bcrypt hash is damaged, or its cost is over {MAX_BCRYPT_COST}"
            )));
        };
        // From now on other accounts cost the same, also if this hash came while we were
        // running.
        let dearest = self.bcrypt_cost.fetch_max(cost, Ordering::Relaxed).max(cost);
        self.bcrypt_hashes.inc();
        let matches = bcrypt::verify(password.given(), hash)
            .map_err(|fault| HashError::Failed(fault.to_string()))?;
        // If it matches, this is the hash that replaces it; if not, it is work that any other
        // account would have cost.
        let rehashed = self.hash(password)?;
        if !matches {
            // Each cost is twice the one before: 2^c + (2^c + 2^(c+1) + ... + 2^(d-1)) = 2^d.
            (cost..dearest).for_each(|missing| bcrypt_of(missing, password));
        }
        Ok(Verified { matches, rehashed: matches.then_some(rehashed) })
    }

    fn verify_argon2(&mut self, password: &Password, hash: &str) -> Result<Verified, HashError> {
        let failed =
            |fault: &dyn std::fmt::Display| HashError::Failed(format!("the stored hash: {fault}"));
        let stored = PasswordHash::new(hash).map_err(|fault| failed(&fault))?;
        let params = Params::try_from(&stored).map_err(|fault| failed(&fault))?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            return Err(failed(&"no salt or no hash"));
        };
        if stored.algorithm != argon2::ARGON2ID_IDENT {
            return Err(failed(&"not argon2id"));
        }
        let output = self.derive(password, salt.as_ref(), &params, expected.as_bytes().len())?;
        let matches =
            aws_lc_rs::constant_time::verify_slices_are_equal(&output, expected.as_bytes()).is_ok();
        let current = (params.m_cost(), params.t_cost(), params.p_cost())
            == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let rehashed = if matches && !current { Some(self.hash(password)?) } else { None };
        Ok(Verified { matches, rehashed })
    }

    fn derive(
        &mut self,
        password: &Password,
        salt: &[u8],
        params: &Params,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        self.argon2_hashes.inc();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let mut output = Zeroizing::new(vec![0; length]);
        let result = argon2.hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut output,
            &mut self.memory[..blocks],
        );
        // The first blocks are derived from the password most directly; the rest is overwritten by
        // the next hash.
        self.memory.iter_mut().take(4).for_each(zeroize::Zeroize::zeroize);
        result.map_err(|fault| HashError::Failed(fault.to_string()))?;
        Ok(output)
    }
}

/// The work of a bcrypt verification, for nothing.
fn bcrypt_of(cost: u32, password: &Password) {
    let given = password.given();
    // The text with its terminating zero, cut off at 72 bytes.
    let mut input = Zeroizing::new([given, &[0]].concat());
    input.truncate(72);
    std::hint::black_box(bcrypt::bcrypt(cost, keys::random(), &input));
}

impl Drop for HashThread {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

/// A PHC string.
pub(super) fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, HashError> {
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
