//! What a policy is asked for: which release decides, and about whom.

use std::sync::Arc;

use crate::contract::{Attempt, Slot};
use crate::policy::health::Subject;
use crate::policy::runtime::Generation;

/// Kept until the decision is carried out: what goes wrong until then is counted with it.
pub(super) struct Question {
    pub(super) generation: Arc<Generation>,
    pub(super) subject: Subject,
}

impl Question {
    /// About the address of a registration or a login.
    pub(super) fn about_email(generation: Arc<Generation>, attempt: &Attempt) -> Self {
        Self { generation, subject: Subject::Email(attempt.email.clone()) }
    }

    /// About the account of a session.
    pub(super) fn about_account(generation: Arc<Generation>, user_id: i64) -> Self {
        Self { generation, subject: Subject::Account(user_id) }
    }

    pub(super) fn slot(&self) -> Slot {
        self.generation.identity.slot
    }
}
