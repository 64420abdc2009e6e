//! `POST /auth/register`.

use std::sync::Arc;

use super::carrying_out::sign_error;
use super::{Context, Credentials, Decisions};
use crate::contract::{Register, Slot};
use crate::errors::{ApiError, catalogue};
use crate::events::NewEvent;
use crate::passwords::{Asker, HashError, Password};
use crate::policy::health::Subject;
use crate::store::CarryError;
use crate::telemetry::rarely;
use crate::tokens::{RefreshToken, SignError, TokenPair};

impl Decisions {
    /// Asks the registration policy and creates the account, its first session and its event.
    pub async fn register(
        &self,
        context: &Context,
        credentials: Credentials,
    ) -> Result<TokenPair, ApiError> {
        let (password, address) = (credentials.password.clone(), credentials.address());
        let email = address.email.clone();
        let question = self.asking.question(Slot::Register, Subject::Email(email.clone()))?;
        let attempt = credentials.attempt(address, &question);
        let (acceptance, outcome) = self.ask::<Register>(&question, context, attempt).await?;
        self.asking.accepted(&question);
        let hash = self.hash(context, &email, &password).await?;
        let now = self.clock.now();
        let token = RefreshToken::generate();
        let session = self.issuing.session(&context.request, &token, now, None);
        let mut writes = outcome.writes;
        let traceparent = &context.request.traceparent;
        let created = NewEvent::user_created(&email, &acceptance.attributes, traceparent);
        writes.events.insert(0, created);
        writes.attributes = acceptance.attributes;
        let claims = acceptance.claims;
        let (store, issuing) = (self.store.clone(), Arc::clone(&self.issuing));
        let work = async move {
            // The id comes first: the answer is signed with it before anything is written.
            let user_id = store.next_user_id(&email).await?;
            let account = (user_id, session.session_id.as_str());
            let answer = issuing.pair(account, &claims, &token, now, session.ends_at)?;
            store.register(user_id, &email, &hash, &session, &writes).await?;
            Ok(answer)
        };
        let registered: Result<_, RegisterError> = self.carrying_out.run(context, work).await?;
        let answer = registered.map_err(|error| match error {
            RegisterError::Undone(error) => self.undone(&question, error),
            RegisterError::Unsigned(error) => sign_error(&error),
        })?;
        question.carried_out();
        self.wake.wake();
        Ok(answer)
    }

    async fn hash(
        &self,
        context: &Context,
        email: &str,
        password: &Password,
    ) -> Result<String, ApiError> {
        let asker = Asker::new(context.request.address.as_deref(), email);
        let hashed = context.in_time(async {
            let turn = self.passwords.turn(&asker).await?;
            self.passwords.hash(turn, password).await
        });
        // Whose time is up has waited for a turn.
        let hashed = hashed.await.map_err(|_| ApiError::from(catalogue::BUSY))?;
        hashed.map_err(|error| match error {
            HashError::Busy => catalogue::BUSY.into(),
            HashError::Failed(_) => {
                rarely!(error, %error, "a password could not be hashed");
                catalogue::INTERNAL.into()
            }
        })
    }
}

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
enum RegisterError {
    #[error(transparent)]
    Undone(#[from] CarryError),
    #[error(transparent)]
    Unsigned(#[from] SignError),
}
