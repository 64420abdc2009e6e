//! `accounts`: what a call changes of its account, committed with the decision.

use serde_json::{Map, Value};

use crate::contract::{AccountLimits, TrappableFailure};

/// Changes that wait for the decision.
#[derive(Debug, Default)]
pub struct Changes {
    pub(super) attributes: Map<String, Value>,
    pub(super) removed_attributes: Vec<String>,
    pub(super) disable: Option<String>,
}

impl Changes {
    /// An attribute: what is stored, with the call's own writes on top.
    pub(crate) fn attribute<'a>(
        &'a self,
        name: &str,
        stored: &'a Map<String, Value>,
    ) -> Option<&'a Value> {
        if self.removed_attributes.iter().any(|removed| removed == name) {
            return None;
        }
        self.attributes.get(name).or(stored.get(name))
    }

    /// Sets an attribute, or removes it.
    pub(crate) fn set_attribute(
        &mut self,
        name: String,
        value: Option<Value>,
        limits: &AccountLimits,
    ) -> Result<(), TrappableFailure> {
        self.removed_attributes.retain(|removed| *removed != name);
        self.attributes.remove(&name);
        if self.attributes.len() + self.removed_attributes.len() >= limits.attributes {
            return Err(too_many_attributes(limits));
        }
        match value {
            Some(value) => drop(self.attributes.insert(name, value)),
            None => self.removed_attributes.push(name),
        }
        Ok(())
    }

    pub(crate) fn disable(&mut self, reason: String) {
        self.disable = Some(reason);
    }

    pub(crate) fn disables(&self) -> bool {
        self.disable.is_some()
    }
}

/// The same bound holds for the attributes of a new account.
pub fn too_many_attributes(limits: &AccountLimits) -> TrappableFailure {
    TrappableFailure::limit(format!("at most {} attributes written in a call", limits.attributes))
}
