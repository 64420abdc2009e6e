//! `logging-in`: what a login is asked with, and how it says yes.

use serde_json::Map;
use wasmtime::component::Resource;

use super::acceptances::{add_claim, shorten};
use super::credentials::credentials_attempt;
use super::state::CallState;
use crate::contract::bindings::logging_in;
use crate::contract::{
    AccountHandle, Caller, LoginAcceptance, LoginAttempt, PasswordHandle, TrappableFailure,
};

impl logging_in::Host for CallState {}

credentials_attempt!(logging_in, LoginAttempt);

impl logging_in::HostAcceptance for CallState {
    fn new(
        &mut self,
        _account: Resource<AccountHandle>,
    ) -> wasmtime::Result<Resource<LoginAcceptance>> {
        let user_id = self.account()?.user_id;
        let acceptance = LoginAcceptance { user_id, claims: Map::new(), session_seconds: None };
        Ok(self.table.push(acceptance)?)
    }

    fn add_claim(
        &mut self,
        acceptance: Resource<LoginAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &value])?;
        self.budget.charge(&self.limits)?;
        let claims = &mut self.table.get_mut(&acceptance)?.claims;
        add_claim(claims, name, &value, &self.identity.manifest, &self.limits.claims)
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
