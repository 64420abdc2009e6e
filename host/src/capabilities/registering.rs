//! `registering`: what a registration is asked with, and how it says yes.

use wasmtime::component::Resource;

use super::acceptances::add_claim;
use super::accounts::attribute_value;
use super::credentials::credentials_attempt;
use super::state::{CallState, too_many_attributes};
use crate::contract::bindings::registering;
use crate::contract::{
    Caller, PasswordHandle, RegisterAcceptance, RegisterAttempt, TrappableFailure,
};

impl registering::Host for CallState {}

credentials_attempt!(registering, RegisterAttempt);

impl registering::HostAcceptance for CallState {
    fn new(&mut self) -> wasmtime::Result<Resource<RegisterAcceptance>> {
        Ok(self.table.push(RegisterAcceptance::default())?)
    }

    fn set_attribute(
        &mut self,
        acceptance: Resource<RegisterAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &value])?;
        self.budget.charge(&self.limits)?;
        let limits = &self.limits.accounts;
        let value = attribute_value(&name, &value, limits)?;
        let attributes = &mut self.table.get_mut(&acceptance)?.attributes;
        if attributes.len() >= limits.attributes && !attributes.contains_key(&name) {
            return Err(too_many_attributes(limits));
        }
        attributes.insert(name, value);
        Ok(())
    }

    fn add_claim(
        &mut self,
        acceptance: Resource<RegisterAcceptance>,
        name: String,
        value: String,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &value])?;
        self.budget.charge(&self.limits)?;
        let claims = &mut self.table.get_mut(&acceptance)?.claims;
        add_claim(claims, name, &value, &self.identity.manifest, &self.limits.claims)
    }

    fn drop(&mut self, acceptance: Resource<RegisterAcceptance>) -> wasmtime::Result<()> {
        self.table.delete(acceptance)?;
        Ok(())
    }
}
