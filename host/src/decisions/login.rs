//! `POST /auth/login`.

use super::carrying_out::sign_error;
use super::{Context, Credentials, Decisions};
use crate::capabilities::Outcome;
use crate::contract::{Login, Slot};
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
        let attempt = credentials.attempt(address, &question);
        let (acceptance, outcome) = self.ask::<Login>(&question, context, attempt).await?;
        let Outcome { account: Some(account), verification: Some(verification), writes, .. } =
            outcome
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
        question.carried_out();
        if has_events {
            self.wake.wake();
        }
        Ok(answer)
    }
}
