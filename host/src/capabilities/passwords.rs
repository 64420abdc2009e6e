//! `passwords`: questions about a password whose text never enters a component.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use wasmtime::component::Resource;
use zxcvbn::matching::patterns::{DictionaryPattern, MatchPattern};

use super::state::Verification;
use super::types::Stop;
use super::values::cut;
use super::{AccountHandle, CallState};
use crate::passwords::{HashError, Password};
use crate::policy::Slot;
use crate::policy::bindings::passwords;
use crate::policy::bindings::types::Failure;

/// zxcvbn's time grows faster than its input; what is longer is strong or a repetition.
const ESTIMATED_CHARACTERS: usize = 72;

/// A handle to the password of the attempt; the data are the call's.
pub struct PasswordHandle;

impl CallState {
    fn password(&self) -> wasmtime::Result<&Password> {
        self.attempt
            .password
            .as_ref()
            .ok_or_else(|| wasmtime::format_err!("there is no password in this attempt"))
    }
}

/// Asks zxcvbn, off the request threads, and with many others never on all of the cores. Its place
/// is taken until it is done, also where nobody waits for the answer any more.
async fn estimate<T: Send + 'static>(
    places: Arc<Semaphore>,
    password: Password,
    ask: impl FnOnce(&str) -> T + Send + 'static,
) -> Result<T, Stop> {
    let place = places.acquire_owned().await.map_err(|_| Stop::other("the service stops"))?;
    let asked = spawn_blocking(move || {
        let _place = place;
        let text = zeroize::Zeroizing::new(
            password.expose().chars().take(ESTIMATED_CHARACTERS).collect::<String>(),
        );
        ask(&text)
    });
    asked.await.map_err(|_| Stop::other("the estimate failed"))
}

impl passwords::HostPassword for CallState {
    fn length(&mut self, _password: Resource<PasswordHandle>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.password()?.expose().chars().count()).unwrap_or(u32::MAX))
    }

    async fn strength(
        &mut self,
        _password: Resource<PasswordHandle>,
        hints: Vec<String>,
    ) -> Result<u8, Stop> {
        self.counted()?;
        self.strength_asked += 1;
        if self.strength_asked > 2 {
            return Err(Stop::limit("strength and is-breached are asked at most twice in a call"));
        }
        if hints.len() > 16 {
            return Err(Stop::limit("at most 16 hints"));
        }
        let hints: Vec<String> = hints.iter().map(|hint| cut(hint, 64)).collect();
        let password = self.password().map_err(Stop::Trap)?.clone();
        let estimate = estimate(Arc::clone(&self.services.estimates), password, move |text| {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            u8::from(zxcvbn::zxcvbn(text, &hints).score())
        });
        self.host(estimate).await
    }

    async fn is_breached(&mut self, _password: Resource<PasswordHandle>) -> Result<bool, Stop> {
        self.counted()?;
        self.strength_asked += 1;
        if self.strength_asked > 2 {
            return Err(Stop::limit("strength and is-breached are asked at most twice in a call"));
        }
        // Common passwords and words are what zxcvbn's dictionaries hold: the whole password is one
        // entry, as it stands.
        let password = self.password().map_err(Stop::Trap)?.clone();
        let estimate = estimate(Arc::clone(&self.services.estimates), password, |text| {
            let estimate = zxcvbn::zxcvbn(text, &[]);
            matches!(estimate.sequence(), [only] if matches!(&only.pattern,
                MatchPattern::Dictionary(DictionaryPattern { reversed: false, l33t: false, .. })) && only.token.len() == text.len())
        });
        self.host(estimate).await
    }

    fn drop(&mut self, _password: Resource<PasswordHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl passwords::Host for CallState {
    async fn verify(
        &mut self,
        _password: Resource<PasswordHandle>,
        account: Option<Resource<AccountHandle>>,
    ) -> Result<bool, Stop> {
        self.counted()?;
        if self.identity.slot != Slot::Login {
            return Err(Stop::denied("passwords are verified in a login only"));
        }
        if std::mem::replace(&mut self.verify_asked, true) {
            return Err(Stop::limit("one password is verified in a call"));
        }
        let hash = account
            .map(|_| self.account().map(|account| account.password_hash.clone()))
            .transpose()
            .map_err(Stop::Trap)?;
        let password = self.password().map_err(Stop::Trap)?.clone();
        let hasher = self.services.passwords.clone();
        let verified = match self.host(hasher.verify(&password, hash.as_deref())).await {
            Ok(verified) => verified,
            Err(HashError::Busy) => return Err(Stop::Failure(Failure::Unavailable(Some(1)))),
            Err(error @ HashError::Failed(_)) => {
                tracing::error!(%error, "a password could not be verified");
                return Err(Stop::Failure(Failure::Unavailable(None)));
            }
        };
        if verified.matches {
            self.verification = Some(Verification { rehashed: verified.rehashed });
        }
        Ok(verified.matches)
    }
}
