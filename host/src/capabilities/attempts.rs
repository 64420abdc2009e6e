//! `registering`, `logging-in`, `refreshing`: what a policy is asked with, and how it says yes.

use serde_json::{Map, Value};
use wasmtime::component::Resource;

use super::accounts::attribute_value;
use super::types::Stop;
use super::values::json;
use super::{AccountHandle, CallState, Caller, PasswordHandle};
use crate::policy::bindings::{logging_in, refreshing, registering};
use crate::policy::limits::{MAX_ATTRIBUTES, MAX_CLAIMS_BYTES};
use crate::policy::manifest::is_name;
use crate::store::Session;
use crate::tokens::RESERVED_CLAIMS;

/// Handles to the attempt; the data are the call's.
pub struct RegisterAttempt;
/// See [`RegisterAttempt`].
pub struct LoginAttempt;
/// See [`RegisterAttempt`].
pub struct RefreshAttempt;

/// A registration's yes.
#[derive(Debug, Default)]
pub struct RegisterAcceptance {
    /// Attributes of the new account.
    pub attributes: Map<String, Value>,
    /// Claims of the access token.
    pub claims: Map<String, Value>,
}

/// A login's yes.
#[derive(Debug)]
pub struct LoginAcceptance {
    /// The account that is let in.
    pub user_id: i64,
    /// Claims of the access token.
    pub claims: Map<String, Value>,
    /// The session ends by then, where that is earlier than its usual end.
    pub session_seconds: Option<u32>,
}

/// A refresh's yes.
#[derive(Debug, Default)]
pub struct RefreshAcceptance {
    /// Claims of the access token.
    pub claims: Map<String, Value>,
    /// The session ends by then, where that is earlier than its usual end.
    pub session_seconds: Option<u32>,
}

impl CallState {
    fn claim(
        &mut self,
        claims: &Map<String, Value>,
        name: &str,
        value: &str,
    ) -> Result<Value, Stop> {
        self.counted()?;
        if !is_name(name, '_', 32) {
            return Err(Stop::other("a claim's name must be [a-z][a-z0-9_]{0,31}"));
        }
        if RESERVED_CLAIMS.contains(&name)
            || !self.identity.manifest.claims.iter().any(|declared| declared == name)
        {
            return Err(Stop::denied(format!("the manifest does not declare the claim {name:?}")));
        }
        if claims.contains_key(name) {
            return Err(Stop::other(format!("the claim {name:?} was added already")));
        }
        let taken: usize =
            claims.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        if taken + name.len() + value.len() > MAX_CLAIMS_BYTES {
            return Err(Stop::limit(format!("at most {MAX_CLAIMS_BYTES} bytes of claims")));
        }
        json(value, MAX_CLAIMS_BYTES)
    }

    fn member(&self, name: &str) -> Option<String> {
        self.attempt.members.get(name).map(Value::to_string)
    }

    fn member_names(&self) -> Vec<String> {
        self.attempt.members.keys().cloned().collect()
    }
}

fn shorten(seconds: &mut Option<u32>, to: u32) {
    *seconds = Some(seconds.map_or(to, |seconds| seconds.min(to)));
}

/// Registration and login are asked with the same things.
macro_rules! credentials_attempt {
    ($interface:ident, $attempt:ty) => {
        impl $interface::HostAttempt for CallState {
            fn caller(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Resource<Caller>> {
                Ok(Resource::new_own(0))
            }

            fn email(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<String> {
                Ok(self.attempt.email.clone())
            }

            fn email_valid(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<bool> {
                Ok(self.attempt.email_valid)
            }

            fn password(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Resource<PasswordHandle>> {
                Ok(Resource::new_own(0))
            }

            fn attribute(
                &mut self,
                _attempt: Resource<$attempt>,
                name: String,
            ) -> wasmtime::Result<Option<String>> {
                Ok(self.member(&name))
            }

            fn attribute_names(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Vec<String>> {
                Ok(self.member_names())
            }

            fn drop(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<()> {
                Ok(())
            }
        }
    };
}

credentials_attempt!(registering, RegisterAttempt);
credentials_attempt!(logging_in, LoginAttempt);

impl registering::Host for CallState {}
impl logging_in::Host for CallState {}
impl refreshing::Host for CallState {}

impl registering::HostAcceptance for CallState {
    fn new(&mut self) -> wasmtime::Result<Resource<RegisterAcceptance>> {
        Ok(self.table.push(RegisterAcceptance::default())?)
    }

    fn set_attribute(
        &mut self,
        acceptance: Resource<RegisterAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), Stop> {
        self.counted()?;
        let value = attribute_value(&name, &value)?;
        let attributes = &mut self.table.get_mut(&acceptance)?.attributes;
        if attributes.len() >= MAX_ATTRIBUTES && !attributes.contains_key(&name) {
            return Err(Stop::limit(format!(
                "at most {MAX_ATTRIBUTES} attributes written in a call"
            )));
        }
        attributes.insert(name, value);
        Ok(())
    }

    fn add_claim(
        &mut self,
        acceptance: Resource<RegisterAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), Stop> {
        let claims = self.table.get(&acceptance)?.claims.clone();
        let value = self.claim(&claims, &name, &value)?;
        self.table.get_mut(&acceptance)?.claims.insert(name, value);
        Ok(())
    }

    fn drop(&mut self, acceptance: Resource<RegisterAcceptance>) -> wasmtime::Result<()> {
        self.table.delete(acceptance)?;
        Ok(())
    }
}

impl logging_in::HostAcceptance for CallState {
    fn new(
        &mut self,
        _account: Resource<AccountHandle>,
    ) -> wasmtime::Result<Resource<LoginAcceptance>> {
        let user_id = self.account()?.user_id;
        Ok(self.table.push(LoginAcceptance {
            user_id,
            claims: Map::new(),
            session_seconds: None,
        })?)
    }

    fn add_claim(
        &mut self,
        acceptance: Resource<LoginAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), Stop> {
        let claims = self.table.get(&acceptance)?.claims.clone();
        let value = self.claim(&claims, &name, &value)?;
        self.table.get_mut(&acceptance)?.claims.insert(name, value);
        Ok(())
    }

    fn set_session_seconds(
        &mut self,
        acceptance: Resource<LoginAcceptance>,
        seconds: u32,
    ) -> wasmtime::Result<()> {
        shorten(&mut self.table.get_mut(&acceptance)?.session_seconds, seconds);
        Ok(())
    }

    fn drop(&mut self, acceptance: Resource<LoginAcceptance>) -> wasmtime::Result<()> {
        self.table.delete(acceptance)?;
        Ok(())
    }
}

impl refreshing::HostAttempt for CallState {
    fn caller(&mut self, _attempt: Resource<RefreshAttempt>) -> wasmtime::Result<Resource<Caller>> {
        Ok(Resource::new_own(0))
    }

    fn account(
        &mut self,
        _attempt: Resource<RefreshAttempt>,
    ) -> wasmtime::Result<Resource<AccountHandle>> {
        Ok(AccountHandle::resource())
    }

    fn session(
        &mut self,
        _attempt: Resource<RefreshAttempt>,
    ) -> wasmtime::Result<Resource<Session>> {
        let session = self
            .attempt
            .session
            .clone()
            .ok_or_else(|| wasmtime::format_err!("there is no session in this attempt"))?;
        Ok(self.table.push(session)?)
    }

    fn drop(&mut self, _attempt: Resource<RefreshAttempt>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl refreshing::HostAcceptance for CallState {
    fn new(&mut self) -> wasmtime::Result<Resource<RefreshAcceptance>> {
        Ok(self.table.push(RefreshAcceptance::default())?)
    }

    fn add_claim(
        &mut self,
        acceptance: Resource<RefreshAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), Stop> {
        let claims = self.table.get(&acceptance)?.claims.clone();
        let value = self.claim(&claims, &name, &value)?;
        self.table.get_mut(&acceptance)?.claims.insert(name, value);
        Ok(())
    }

    fn set_session_seconds(
        &mut self,
        acceptance: Resource<RefreshAcceptance>,
        seconds: u32,
    ) -> wasmtime::Result<()> {
        shorten(&mut self.table.get_mut(&acceptance)?.session_seconds, seconds);
        Ok(())
    }

    fn drop(&mut self, acceptance: Resource<RefreshAcceptance>) -> wasmtime::Result<()> {
        self.table.delete(acceptance)?;
        Ok(())
    }
}
