//! `accounts`: the account of the attempt, and no other.

use serde_json::Value;
use wasmtime::component::Resource;

use super::types::Stop;
use super::values::{cut, json};
use super::{CallState, state};
use crate::policy::Slot;
use crate::policy::bindings::accounts;
use crate::policy::limits::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES};
use crate::policy::manifest::is_name;
use crate::store::Account;

/// A handle to the account of the attempt; the data are the call's.
pub struct AccountHandle;

impl AccountHandle {
    /// A handle to hand out.
    pub(super) fn resource() -> Resource<Self> {
        Resource::new_own(0)
    }
}

impl CallState {
    /// The account behind a handle.
    pub(super) fn account(&self) -> wasmtime::Result<&Account> {
        self.attempt
            .account
            .as_ref()
            .ok_or_else(|| wasmtime::format_err!("a handle to an account that was never read"))
    }
}

/// Checks an attribute that a policy writes.
pub(super) fn attribute_value(name: &str, value: &str) -> Result<Value, Stop> {
    if !is_name(name, '_', 32) {
        return Err(Stop::other("an attribute's name must be [a-z][a-z0-9_]{0,31}"));
    }
    json(value, MAX_ATTRIBUTE_BYTES)
}

impl accounts::Host for CallState {
    async fn find_by_email(
        &mut self,
        email: String,
    ) -> Result<Option<Resource<AccountHandle>>, Stop> {
        self.counted_read()?;
        if self.identity.slot == Slot::Register || email != self.attempt_email() {
            return Err(Stop::denied("only the account of the attempt may be read"));
        }
        if self.attempt.account.is_none() && self.attempt.email_valid {
            let store = self.services.store.clone();
            self.attempt.account =
                self.host(store.account_by_email(&email, &self.attempt.spelling.clone())).await?;
        }
        Ok(self.attempt.account.as_ref().map(|_| AccountHandle::resource()))
    }

    async fn find(&mut self, id: i64) -> Result<Option<Resource<AccountHandle>>, Stop> {
        self.counted_read()?;
        match &self.attempt.account {
            Some(account) if account.user_id == id => Ok(Some(AccountHandle::resource())),
            _ => Err(Stop::denied("only the account of the attempt may be read")),
        }
    }
}

impl CallState {
    fn attempt_email(&self) -> &str {
        match (&self.attempt, self.identity.slot) {
            (state::Attempt { account: Some(account), .. }, Slot::Refresh) => &account.email,
            (attempt, _) => &attempt.email,
        }
    }
}

impl accounts::HostAccount for CallState {
    fn id(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<i64> {
        Ok(self.account()?.user_id)
    }

    fn email(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<String> {
        Ok(self.account()?.email.clone())
    }

    fn created_at(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<u64> {
        Ok(self.account()?.created_at.unsigned_abs())
    }

    fn disabled(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<bool> {
        Ok(self.account()?.disabled || self.writes.disable.is_some())
    }

    fn attribute(
        &mut self,
        _account: Resource<AccountHandle>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        if self.writes.removed_attributes.contains(&name) {
            return Ok(None);
        }
        let written = self.writes.attributes.get(&name);
        Ok(written.or(self.account()?.attributes.get(&name)).map(Value::to_string))
    }

    fn set_attribute(
        &mut self,
        _account: Resource<AccountHandle>,
        name: String,
        value: Option<String>,
    ) -> Result<(), Stop> {
        self.counted()?;
        self.require_proof()?;
        let value = attribute_value(&name, value.as_deref().unwrap_or("null"))
            .map(|parsed| value.map(|_| parsed))?;
        self.writes.removed_attributes.retain(|removed| *removed != name);
        self.writes.attributes.remove(&name);
        if self.writes.attributes.len() + self.writes.removed_attributes.len() >= MAX_ATTRIBUTES {
            return Err(Stop::limit(format!(
                "at most {MAX_ATTRIBUTES} attributes written in a call"
            )));
        }
        match value {
            Some(value) => drop(self.writes.attributes.insert(name, value)),
            None => self.writes.removed_attributes.push(name),
        }
        Ok(())
    }

    fn disable(&mut self, _account: Resource<AccountHandle>, reason: String) -> Result<(), Stop> {
        self.counted()?;
        self.require_proof()?;
        self.writes.disable = Some(cut(&reason, 256));
        Ok(())
    }

    fn drop(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}
