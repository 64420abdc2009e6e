//! `passwords`: questions about a password whose text never enters a component.

use std::sync::Arc;

use wasmtime::component::Resource;
use zxcvbn::matching::patterns::{DictionaryPattern, MatchPattern};

use super::breaches;
use super::forms::cut;
use super::state::{
    BreachPrefix, CallState, IsBreached, IsInBreach, Strength, Verification, Verify,
};
use crate::contract::bindings::passwords::{self, Verification as Found};
use crate::contract::bindings::throttle::Limit;
use crate::contract::{AccountHandle, PasswordHandle, Slot, TrappableFailure};
use crate::passwords::{Asker, HashError, Password, Turn};
use crate::store::ThrottleHit;
use crate::telemetry::rarely;

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
        if let Some(answer) = self.journal.answer(|| Strength(hints.clone())) {
            return answer;
        }
        let question = Strength(hints.clone());
        let asked = self.services.estimates.ask(password, limits, move |text| {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            u8::from(zxcvbn::zxcvbn(text, &hints).score())
        });
        let answer = self.budget.wait_for(asked).await;
        self.journal.note(|| question, &answer);
        answer
    }

    async fn is_breached(
        &mut self,
        _password: Resource<PasswordHandle>,
    ) -> Result<bool, TrappableFailure> {
        self.budget.charge(&self.limits)?;
        let limits = &self.limits.passwords;
        self.passwords.estimate(limits)?;
        let password = self.password().map_err(TrappableFailure::Trap)?.clone();
        if let Some(answer) = self.journal.answer(|| IsBreached) {
            return answer;
        }
        let asked = self.services.estimates.ask(password, limits, is_in_a_dictionary);
        let answer = self.budget.wait_for(asked).await;
        self.journal.note(|| IsBreached, &answer);
        answer
    }

    fn breach_prefix(
        &mut self,
        _password: Resource<PasswordHandle>,
    ) -> Result<String, TrappableFailure> {
        self.budget.charge(&self.limits)?;
        self.passwords.breach_prefix()?;
        // A shadow has no password, and is told what its call was.
        if let Some(answer) = self.journal.answer(|| BreachPrefix) {
            return answer;
        }
        let password = self.password().map_err(TrappableFailure::Trap)?;
        let answer = Ok(breaches::prefix(password.expose()));
        self.journal.note(|| BreachPrefix, &answer);
        answer
    }

    fn is_in_breach(
        &mut self,
        _password: Resource<PasswordHandle>,
        answer: Vec<u8>,
        at_least: u32,
    ) -> Result<bool, TrappableFailure> {
        self.take(&[&answer])?;
        self.budget.charge(&self.limits)?;
        self.passwords.is_in_breach()?;
        let most = self.limits.passwords.breach_bytes;
        if answer.len() > most {
            return Err(TrappableFailure::limit(format!("an answer of at most {most} bytes")));
        }
        let question = || IsInBreach::new(&answer);
        let times = if let Some(times) = self.journal.answer(question) {
            times
        } else {
            let password = self.password().map_err(TrappableFailure::Trap)?;
            let times = breaches::count(password.expose(), &answer);
            self.journal.note(question, &times);
            times
        };
        Ok(breaches::is_enough(times?, at_least))
    }

    fn drop(&mut self, _password: Resource<PasswordHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl passwords::Host for CallState {
    /// The limits are asked before the hash, so that a guess too many costs none, and again with
    /// the answer: a wrong password is told once it has been counted, a right one if there is still
    /// room. So guesses at the same time, at several replicas too, learn no more than one after the
    /// other would, and what is not told is not counted.
    async fn verify(
        &mut self,
        _password: Resource<PasswordHandle>,
        account: Option<Resource<AccountHandle>>,
        limits: Vec<Limit>,
    ) -> Result<Found, TrappableFailure> {
        if limits.is_empty() {
            self.budget.charge(&self.limits)?;
        } else {
            self.budget.charge_read(&self.limits)?;
        }
        self.take(&[&limits])?;
        if self.identity.slot != Slot::Login {
            return Err(TrappableFailure::denied("passwords are verified in a login only"));
        }
        self.passwords.verify()?;
        let hits = self.throttle_hits(&limits)?;
        let hash = account
            .map(|_| self.account().map(|account| account.password_hash.clone()))
            .transpose()
            .map_err(TrappableFailure::Trap)?;
        let has_account = hash.is_some();
        // A shadow guesses nothing.
        if let Some(answer) = self.journal.answer(|| Verify::new(has_account, &hits)) {
            let found = answer?;
            if matches!(found, Found::Right) {
                self.passwords.verified(Verification { rehashed: None });
            }
            return Ok(found);
        }
        let answer = self.guess(hash.as_deref(), &hits).await;
        self.journal.note(|| Verify::new(has_account, &hits), &answer);
        answer
    }
}

impl CallState {
    /// Hashes the password, within the limits.
    async fn guess(
        &mut self,
        hash: Option<&str>,
        hits: &[ThrottleHit],
    ) -> Result<Found, TrappableFailure> {
        let password = self.password().map_err(TrappableFailure::Trap)?.clone();
        let turn = match self.turn(hits).await? {
            Ok(turn) => turn,
            Err(seconds) => return Ok(Found::Limited(seconds)),
        };
        let services = Arc::clone(&self.services);
        let hashed = services.passwords.verify(turn, &password, hash);
        let verified = self.wait_for_hash(hashed).await?;
        let limited = if verified.matches {
            self.used_up(hits).await?
        } else {
            self.count_hits(hits).await?
        };
        if let Some(seconds) = limited {
            return Ok(Found::Limited(seconds));
        }
        if !verified.matches {
            return Ok(Found::Wrong);
        }
        self.passwords.verified(Verification { rehashed: verified.rehashed });
        Ok(Found::Right)
    }

    /// A turn at the hash threads, or the seconds to wait if a limit is used up. Who has to wait
    /// for a turn is asked before, too: a place is not taken for an answer that is known already.
    async fn turn(&mut self, hits: &[ThrottleHit]) -> Result<Result<Turn, u32>, TrappableFailure> {
        let asker = Asker::new(self.request.address.as_deref(), &self.attempt.email);
        let services = Arc::clone(&self.services);
        let turn = if let Some(turn) = services.passwords.turn_at_once(&asker) {
            turn
        } else {
            if let Some(seconds) = self.used_up(hits).await? {
                return Ok(Err(seconds));
            }
            self.wait_for_hash(services.passwords.turn(&asker)).await?
        };
        Ok(self.used_up(hits).await?.map_or(Ok(turn), Err))
    }

    /// Waits for the hash threads. If they have no place, or the call's time is up meanwhile, the
    /// host is busy.
    async fn wait_for_hash<T>(
        &mut self,
        work: impl Future<Output = Result<T, HashError>>,
    ) -> Result<T, TrappableFailure> {
        self.passwords.waits_for_hash = true;
        let done = self.budget.wait_for(work).await;
        if let Err(HashError::Busy) = done {
            return Err(TrappableFailure::Unavailable(Some(1)));
        }
        self.passwords.waits_for_hash = false;
        done.map_err(|error| {
            rarely!(error, %error, "a password could not be verified");
            TrappableFailure::Unavailable(None)
        })
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
