//! What the host checks of a decision before it carries it out, and what it commits of it: pure
//! functions, so that a shadow's decision passes the same.

use serde_json::{Map, Value};

use crate::capabilities::{CallState, Outcome};
use crate::contract::{
    Contract, Login, LoginAcceptance, Manifest, Refresh, RefreshAcceptance, Refusal, Register,
    RegisterAcceptance,
};
use crate::policy::runtime::Decision;
use crate::store::Writes;

/// A contract whose acceptances are checked.
pub(super) trait Checked: Contract {
    /// Why this acceptance is not carried out, if it is not.
    fn fault(acceptance: &Self::Acceptance, state: &CallState) -> Option<&'static str>;

    /// What it grants.
    fn granted(acceptance: &Self::Acceptance) -> Granted<'_>;
}

/// What an acceptance grants beside what the policy wrote.
#[derive(Clone, Copy, Default)]
pub(super) struct Granted<'a> {
    pub(super) claims: Option<&'a Map<String, Value>>,
    pub(super) session_seconds: Option<u32>,
    /// Of a new account.
    pub(super) attributes: Option<&'a Map<String, Value>>,
}

/// A decision that the host carries out, with what it commits; else why it does not. A policy can
/// be stricter than the host, never laxer.
pub(super) fn settle<C: Checked>(
    decision: Decision<C::Acceptance>,
    state: CallState,
) -> Result<(Decision<C::Acceptance>, Outcome), String> {
    match &decision {
        Decision::Accepted(acceptance) => match C::fault(acceptance, &state) {
            Some(fault) => Err(fault.to_owned()),
            None => Ok((decision, state.into_outcome())),
        },
        Decision::Refused(refusal) => match refusal_fault(refusal, &state) {
            Some(fault) => Err(fault),
            None => Ok((decision, of_refusal(state.into_outcome()))),
        },
    }
}

/// Why this refusal is not carried out, if it is not.
fn refusal_fault(refusal: &Refusal, state: &CallState) -> Option<String> {
    let code = &refusal.code;
    if state.identity.manifest.status(code).is_none() {
        return Some(format!(
            "the manifest does not declare the refusal code {code:?}; add it to `refusals`, or \
             refuse with one that stands there"
        ));
    }
    refusal.message.trim().is_empty().then(|| {
        format!(
            "its refusal {code:?} has no message; give it one: a person reads it, and may read \
             nothing else"
        )
    })
}

/// What a refusal commits: all that was written if the caller proved to own the account, else the
/// policy's own storage.
fn of_refusal(mut outcome: Outcome) -> Outcome {
    let writes = &mut outcome.writes;
    // Events of a registration belong to an account that was not created; throttles are cleared by
    // an acceptance.
    writes.throttle_clears.clear();
    if outcome.proved.is_none() {
        let storage = std::mem::take(&mut writes.storage);
        *writes = Writes { slot: writes.slot, storage, ..Writes::default() };
    }
    outcome
}

/// The status of a refusal whose code the manifest declares; none of any other.
pub(super) fn status(refusal: &Refusal, manifest: &Manifest) -> Option<u16> {
    let declared = manifest.status(&refusal.code)?;
    Some(match (refusal.retry_after, &refusal.fields[..]) {
        (Some(_), _) => 429,
        (None, []) => declared,
        (None, _) => 400,
    })
}

impl Checked for Register {
    fn fault(_: &RegisterAcceptance, state: &CallState) -> Option<&'static str> {
        let is_valid = state.attempt.email_valid;
        (!is_valid).then_some("it accepted an e-mail address that is not valid")
    }

    fn granted(acceptance: &RegisterAcceptance) -> Granted<'_> {
        let RegisterAcceptance { attributes, claims } = acceptance;
        Granted { claims: Some(claims), attributes: Some(attributes), session_seconds: None }
    }
}

impl Checked for Login {
    fn fault(acceptance: &LoginAcceptance, state: &CallState) -> Option<&'static str> {
        match &state.attempt.account {
            None => Some("it accepted a login without an account"),
            Some(account) if account.user_id != acceptance.user_id => {
                Some("it accepted a login for another account")
            }
            Some(_) if state.verification().is_none() => {
                Some("it accepted a login whose password was not verified")
            }
            Some(account) if account.disabled => Some("it accepted a login to a disabled account"),
            Some(_) if state.disables() => Some("it disabled the account and accepted the login"),
            Some(_) => None,
        }
    }

    fn granted(acceptance: &LoginAcceptance) -> Granted<'_> {
        let LoginAcceptance { claims, session_seconds, .. } = acceptance;
        Granted { claims: Some(claims), session_seconds: *session_seconds, attributes: None }
    }
}

impl Checked for Refresh {
    fn fault(_: &RefreshAcceptance, state: &CallState) -> Option<&'static str> {
        let session = state.attempt.session.as_ref();
        let ends = session.is_some_and(|session| state.revokes(&session.session_id));
        (state.disables() || ends).then_some("it ended the session and accepted the refresh")
    }

    fn granted(acceptance: &RefreshAcceptance) -> Granted<'_> {
        let RefreshAcceptance { claims, session_seconds } = acceptance;
        Granted { claims: Some(claims), session_seconds: *session_seconds, attributes: None }
    }
}
