//! `refreshing`: what a refresh is asked with, and how it says yes.

use wasmtime::component::Resource;

use super::acceptances::{add_claim, shorten};
use super::state::CallState;
use crate::contract::bindings::refreshing;
use crate::contract::{AccountHandle, Caller, RefreshAcceptance, RefreshAttempt, TrappableFailure};
use crate::store::Session;

impl refreshing::Host for CallState {}

impl refreshing::HostAttempt for CallState {
    fn caller(&mut self, _attempt: Resource<RefreshAttempt>) -> wasmtime::Result<Resource<Caller>> {
        Ok(Resource::new_own(0))
    }

    fn account(
        &mut self,
        _attempt: Resource<RefreshAttempt>,
    ) -> wasmtime::Result<Resource<AccountHandle>> {
        Ok(Resource::new_own(0))
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
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &value])?;
        self.budget.charge(&self.limits)?;
        let claims = &mut self.table.get_mut(&acceptance)?.claims;
        add_claim(claims, name, &value, &self.identity.manifest, &self.limits.claims)
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
