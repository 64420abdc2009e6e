//! `POST /auth/login`.

use super::carrying_out::sign_error;
use super::{Context, Credentials, Decisions};
use crate::capabilities::{CallState, Outcome};
use crate::contract::{Login, LoginAcceptance, Slot};
use crate::errors::{ApiError, catalogue};
use crate::policy::health::Subject;
use crate::tokens::{RefreshToken, TokenPair};

impl Decisions {
    /// Asks the login policy and opens a session.
    pub async fn login(
        &self,
        context: &Context,
        credentials: Credentials,
    ) -> Result<TokenPair, ApiError> {
        let address = credentials.address();
        let question = self.asking.question(Slot::Login, Subject::Email(address.email.clone()))?;
        let manifest = &question.generation.identity.manifest;
        let attempt = credentials.attempt(address, manifest);
        let (acceptance, state) = self.ask::<Login>(&question, context, attempt).await?;
        if let Some(fault) = fault(&acceptance, &state) {
            return Err(self.asking.not_carried_out(&question, fault));
        }
        let Outcome { account: Some(account), verification: Some(verification), writes } =
            state.into_outcome()
        else {
            return Err(catalogue::INTERNAL.into());
        };
        self.asking.accepted(&question);
        let now = self.clock.now();
        let token = RefreshToken::generate();
        let shortened_to = acceptance.session_seconds;
        let session = self.issuing.session(&context.request, &token, now, shortened_to);
        let issued_to = (account.user_id, session.session_id.as_str());
        let signed = self.issuing.pair(issued_to, &acceptance.claims, &token, now, session.ends_at);
        let answer = signed.map_err(|error| sign_error(&error))?;
        let store = self.store.clone();
        let has_events = !writes.events.is_empty();
        let work = async move {
            store.login(&account, verification.rehashed.as_deref(), &session, &writes).await
        };
        self.carry_out(context, &question, work).await?;
        if has_events {
            self.wake.wake();
        }
        Ok(answer)
    }
}

/// Why this acceptance is not carried out, if it is not.
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
