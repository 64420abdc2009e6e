//! Refresh tokens of the old service: the first refresh with one makes it a token of a new session,
//! and from there on it is like any other.

use std::sync::Arc;

use super::{Context, carry_out, in_time, store_failed};
use crate::app::App;
use crate::error::ApiError;
use crate::tokens::{LegacyToken, RefreshToken};

/// What an old token is known by here, once it is; a 401 for what is none. The account may be
/// missing or disabled: then there is no such token.
pub(super) async fn adopt(
    app: &Arc<App>,
    context: &Context,
    text: &str,
) -> Result<RefreshToken, ApiError> {
    let (services, now) = (&app.services, app.services.clock.now());
    let read = app.legacy_tokens.as_ref().and_then(|tokens| tokens.read(text, &services.keys, now));
    let LegacyToken { user_id, expires_at, token } = read.ok_or_else(ApiError::invalid_token)?;
    let known =
        in_time(context, services.store.refresh_token(&token.lookup(&services.keys))).await?;
    if known.map_err(|error| store_failed(&error))?.is_none() {
        let mut session = app.new_session(&context.request, &token, now, None);
        // It is remembered as long as it could come back, whatever becomes of its session.
        session.token.expires_at = expires_at;
        let store = services.store.clone();
        carry_out(app, context, async move { store.adopt(user_id, &session).await }).await?;
    }
    Ok(token)
}
