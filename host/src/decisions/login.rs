//! `POST /auth/login`.

use std::sync::Arc;

use super::{
    Context, Credentials, accepted, current, decide, finish, not_carried_out, sign_failed,
    store_failed,
};
use crate::app::App;
use crate::capabilities::{CallState, LoginAcceptance};
use crate::error::ApiError;
use crate::policy::Slot;
use crate::policy::call::Login;
use crate::tokens::{RefreshToken, TokenPair};

/// Asks the login policy and opens a session.
pub async fn login(
    app: &Arc<App>,
    context: &Context,
    credentials: Credentials,
) -> Result<TokenPair, ApiError> {
    let generation = current(app, Slot::Login)?;
    let attempt = credentials.attempt(&generation);
    let (acceptance, state) = decide::<Login>(app, &generation, context, attempt).await?;
    if let Some(fault) = fault(&acceptance, &state) {
        return Err(not_carried_out(app, Slot::Login, fault));
    }
    let (Some(account), Some(verification)) = (state.attempt.account, state.verification) else {
        return Err(ApiError::internal());
    };
    accepted(app, Slot::Login);
    let now = app.services.clock.now();
    let (user_id, writes) = (account.user_id, state.writes);
    let token = RefreshToken::generate();
    let session = app.new_session(&context.request, &token, now, acceptance.session_seconds);
    let signed = app.access_tokens.sign(
        user_id,
        &session.session_id,
        &acceptance.claims,
        now,
        session.ends_at,
    );
    let access_token = signed.map_err(|error| store_failed(&sign_failed(&error)))?;
    let answer =
        TokenPair { access_token, refresh_token: token.encode(&app.services.keys), user_id };
    let store = app.services.store.clone();
    let has_events = !writes.events.is_empty();
    let work = async move {
        store.login(&account, verification.rehashed.as_deref(), &session, &writes).await
    };
    finish(app, context, Slot::Login, work).await?;
    if has_events {
        app.outbox_wake.notify_one();
    }
    Ok(answer)
}

/// Why this acceptance is not carried out, where it is not.
fn fault(acceptance: &LoginAcceptance, state: &CallState) -> Option<&'static str> {
    match &state.attempt.account {
        None => Some("it accepted a login without an account"),
        Some(account) if account.user_id != acceptance.user_id => {
            Some("it accepted a login for another account")
        }
        Some(_) if state.verification.is_none() => {
            Some("it accepted a login whose password was not verified")
        }
        Some(account) if account.disabled => Some("it accepted a login to a disabled account"),
        Some(_) if state.writes.disable.is_some() => {
            Some("it disabled the account and accepted the login")
        }
        Some(_) => None,
    }
}
