//! `accounts`: the account of the attempt, and no other.

use serde_json::Value;
use wasmtime::component::Resource;

use super::forms::{cut, json};
use super::state::{CallState, FindByEmail};
use crate::contract::bindings::accounts;
use crate::contract::names::is_name;
use crate::contract::{AccountHandle, AccountLimits, Slot, TrappableFailure};

/// Checks an attribute that a policy writes.
pub(super) fn attribute_value(
    name: &str,
    value: &str,
    limits: &AccountLimits,
) -> Result<Value, TrappableFailure> {
    if !is_name(name, '_', limits.attribute_name_bytes) {
        return Err(TrappableFailure::other(format!(
            "an attribute's name must be [a-z][a-z0-9_]{{0,{}}}",
            limits.attribute_name_bytes - 1
        )));
    }
    let argument = format!("set-attribute: the value of {name:?}");
    json(&argument, value, limits.attribute_bytes)
}

impl accounts::Host for CallState {
    async fn find_by_email(
        &mut self,
        email: String,
    ) -> Result<Option<Resource<AccountHandle>>, TrappableFailure> {
        self.take(&[&email])?;
        self.budget.charge_read(&self.limits)?;
        if self.identity.slot == Slot::Register || email != self.attempt_email() {
            return Err(TrappableFailure::denied("only the account of the attempt may be read"));
        }
        if self.attempt.account.is_none() && self.attempt.email_valid {
            let spelling = self.attempt.spelling.clone();
            self.attempt.account = self.read(FindByEmail { email, spelling }).await?;
        }
        Ok(self.attempt.account.as_ref().map(|_| Resource::new_own(0)))
    }

    async fn find(&mut self, id: i64) -> Result<Option<Resource<AccountHandle>>, TrappableFailure> {
        self.budget.charge_read(&self.limits)?;
        match &self.attempt.account {
            Some(account) if account.user_id == id => Ok(Some(Resource::new_own(0))),
            _ => Err(TrappableFailure::denied("only the account of the attempt may be read")),
        }
    }
}

impl CallState {
    fn attempt_email(&self) -> &str {
        match (&self.attempt.account, self.identity.slot) {
            (Some(account), Slot::Refresh) => &account.email,
            _ => &self.attempt.email,
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
        Ok(self.account()?.disabled || self.accounts.disables())
    }

    fn attribute(
        &mut self,
        _account: Resource<AccountHandle>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.take(&[&name])?;
        let stored = &self.account()?.attributes;
        Ok(self.accounts.attribute(&name, stored).map(Value::to_string))
    }

    fn set_attribute(
        &mut self,
        _account: Resource<AccountHandle>,
        name: String,
        value: Option<String>,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &value])?;
        self.budget.charge(&self.limits)?;
        self.require_proof()?;
        let limits = &self.limits.accounts;
        let parsed = attribute_value(&name, value.as_deref().unwrap_or("null"), limits)?;
        self.accounts.set_attribute(name, value.map(|_| parsed), limits)
    }

    fn disable(
        &mut self,
        _account: Resource<AccountHandle>,
        reason: String,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&reason])?;
        self.budget.charge(&self.limits)?;
        self.require_proof()?;
        self.accounts.disable(cut(&reason, self.limits.accounts.reason_characters));
        Ok(())
    }

    fn drop(&mut self, _account: Resource<AccountHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}
