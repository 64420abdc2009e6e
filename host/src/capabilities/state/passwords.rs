//! `passwords`: what a call has asked, what was proved by it, and the places for estimates.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::capabilities::forms::{cut, times};
use crate::contract::{PasswordLimits, TrappableFailure};
use crate::passwords::Password;

/// A password that was found to be the account's.
#[derive(Debug)]
pub struct Verification {
    /// A hash with the current parameters, if the stored one is older.
    pub rehashed: Option<String>,
}

/// What a call has asked of its password.
#[derive(Debug, Default)]
pub struct Asked {
    verify: bool,
    estimates: u32,
    breaches: Breaches,
    pub(super) verification: Option<Verification>,
    /// Whether it waits for the hash threads, or was turned away there.
    pub(crate) waits_for_hash: bool,
}

/// Which questions for a service of breached passwords were asked.
#[derive(Debug, Default)]
struct Breaches {
    prefix: bool,
    list: bool,
}

impl Asked {
    /// Counts a question of `strength` or `is-breached`.
    pub(crate) fn estimate(&mut self, limits: &PasswordLimits) -> Result<(), TrappableFailure> {
        self.estimates += 1;
        if self.estimates > limits.estimates {
            return Err(TrappableFailure::limit(format!(
                "strength and is-breached are asked at most {} in a call",
                times(limits.estimates)
            )));
        }
        Ok(())
    }

    /// Counts a question of `breach-prefix`.
    pub(crate) fn breach_prefix(&mut self) -> Result<(), TrappableFailure> {
        if std::mem::replace(&mut self.breaches.prefix, true) {
            return Err(TrappableFailure::limit("breach-prefix is asked once in a call"));
        }
        Ok(())
    }

    /// Counts a question of `is-in-breach`: each tells a bit about a list of the policy's own making,
    /// and with 17 bits a common password is named.
    pub(crate) fn is_in_breach(&mut self) -> Result<(), TrappableFailure> {
        if std::mem::replace(&mut self.breaches.list, true) {
            return Err(TrappableFailure::limit("is-in-breach is asked once in a call"));
        }
        Ok(())
    }

    /// Counts a question of `verify`: a second one would be a second guess.
    pub(crate) fn verify(&mut self) -> Result<(), TrappableFailure> {
        if std::mem::replace(&mut self.verify, true) {
            return Err(TrappableFailure::limit("one password is verified in a call"));
        }
        Ok(())
    }

    pub(crate) fn verified(&mut self, verification: Verification) {
        self.verification = Some(verification);
    }
}

/// The places for estimates of a password's strength, each of which may take a core for a second.
/// With many at once they never take all of the cores.
pub struct Estimates(Arc<Semaphore>);

impl Estimates {
    /// On a machine that hashes with so many threads.
    pub fn beside(hash_threads: usize) -> Self {
        Self(Arc::new(Semaphore::new((hash_threads / 2).max(1))))
    }

    /// Asks zxcvbn off the request threads. The place is taken until it is done, also if nobody
    /// waits for the answer any more.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        password: Password,
        limits: &PasswordLimits,
        ask: impl FnOnce(&str) -> T + Send + 'static,
    ) -> Result<T, TrappableFailure> {
        let place = Arc::clone(&self.0)
            .acquire_owned()
            .await
            .map_err(|_| TrappableFailure::other("the service stops"))?;
        let characters = limits.estimated_characters;
        let asked = spawn_blocking(move || {
            let _place = place;
            let text = zeroize::Zeroizing::new(cut(password.expose(), characters));
            ask(&text)
        });
        asked.await.map_err(|_| TrappableFailure::other("the estimate failed"))
    }
}
