//! What the gate found of a release.

use super::verdict::Trust;
use crate::contract::{Grants, Item, Slot};

/// What the gate found of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    pub slot: Slot,
    pub number: i64,
    pub trust: Trust,
    pub asked: Grants,
    /// What it asks for and its place is not granted.
    pub missing: Vec<Item>,
    /// Of which components this host cannot say what they ask for, each in a sentence.
    pub unjudged: Vec<String>,
}

impl Findings {
    /// Whether it is let in.
    pub fn let_in(&self) -> bool {
        self.trust.is_given() && self.missing.is_empty() && self.unjudged.is_empty()
    }

    /// Everything that stands against it, each in a sentence with what to do.
    pub fn sentences(&self) -> Vec<String> {
        let trust = self.trust.reasons.iter().cloned();
        let unjudged = self.unjudged.iter().cloned();
        trust.chain(not_granted(self.slot, &self.missing)).chain(unjudged).collect()
    }
}

/// What is missing, all of it in one sentence, with what would grant it; none if nothing is.
pub fn not_granted(slot: Slot, missing: &[Item]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let items: Vec<_> = missing.iter().map(ToString::to_string).collect();
    Some(format!(
        "it asks for what {slot} is not granted: {}. Whoever has the role operate grants it: {}",
        items.join(", "),
        Grants::command(slot.as_str(), missing)
    ))
}
