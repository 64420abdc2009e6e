//! `passwords`: questions about a password whose text never enters a component.

use wasmtime::component::Resource;
use zxcvbn::matching::patterns::{DictionaryPattern, MatchPattern};

use super::forms::cut;
use super::state::{CallState, Verification};
use crate::contract::bindings::passwords;
use crate::contract::{AccountHandle, PasswordHandle, Slot, TrappableFailure};
use crate::passwords::{HashError, Password};

impl CallState {
    fn password(&self) -> wasmtime::Result<&Password> {
        self.attempt
            .password
            .as_ref()
            .ok_or_else(|| wasmtime::format_err!("there is no password in this attempt"))
    }
}

impl passwords::HostPassword for CallState {
    fn length(&mut self, _password: Resource<PasswordHandle>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.password()?.expose().chars().count()).unwrap_or(u32::MAX))
    }

    async fn strength(
        &mut self,
        _password: Resource<PasswordHandle>,
        hints: Vec<String>,
    ) -> Result<u8, TrappableFailure> {
        self.take(&[&hints])?;
        self.budget.charge(&self.limits)?;
        let limits = &self.limits.passwords;
        self.passwords.estimate(limits)?;
        if hints.len() > limits.hints {
            return Err(TrappableFailure::limit(format!("at most {} hints", limits.hints)));
        }
        let hints: Vec<String> =
            hints.iter().map(|hint| cut(hint, limits.hint_characters)).collect();
        let password = self.password().map_err(TrappableFailure::Trap)?.clone();
        let asked = self.services.estimates.ask(password, limits, move |text| {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            u8::from(zxcvbn::zxcvbn(text, &hints).score())
        });
        self.budget.wait_for(asked).await
    }

    async fn is_breached(
        &mut self,
        _password: Resource<PasswordHandle>,
    ) -> Result<bool, TrappableFailure> {
        self.budget.charge(&self.limits)?;
        let limits = &self.limits.passwords;
        self.passwords.estimate(limits)?;
        let password = self.password().map_err(TrappableFailure::Trap)?.clone();
        let asked = self.services.estimates.ask(password, limits, is_in_a_dictionary);
        self.budget.wait_for(asked).await
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
    ) -> Result<bool, TrappableFailure> {
        self.budget.charge(&self.limits)?;
        if self.identity.slot != Slot::Login {
            return Err(TrappableFailure::denied("passwords are verified in a login only"));
        }
        self.passwords.verify()?;
        let hash = account
            .map(|_| self.account().map(|account| account.password_hash.clone()))
            .transpose()
            .map_err(TrappableFailure::Trap)?;
        let password = self.password().map_err(TrappableFailure::Trap)?.clone();
        let hashed = self.services.passwords.verify(&password, hash.as_deref());
        let verified = self.budget.wait_for(hashed).await.map_err(|error| match error {
            HashError::Busy => TrappableFailure::Unavailable(Some(1)),
            HashError::Failed(_) => {
                tracing::error!(%error, "a password could not be verified");
                TrappableFailure::Unavailable(None)
            }
        })?;
        if verified.matches {
            self.passwords.verified(Verification { rehashed: verified.rehashed });
        }
        Ok(verified.matches)
    }
}

/// Common passwords and words are what zxcvbn's dictionaries hold: the whole password is one entry,
/// as it stands.
fn is_in_a_dictionary(text: &str) -> bool {
    let estimate = zxcvbn::zxcvbn(text, &[]);
    let [only] = estimate.sequence() else { return false };
    let as_it_stands = matches!(
        &only.pattern,
        MatchPattern::Dictionary(DictionaryPattern { reversed: false, l33t: false, .. })
    );
    as_it_stands && only.token.len() == text.len()
}
