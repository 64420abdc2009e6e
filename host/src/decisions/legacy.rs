//! Refresh tokens of the old service: the first refresh with one makes it a token of a new session,
//! and from there on it is like any other.

use super::carrying_out::store_error;
use super::{Context, Decisions};
use crate::errors::{ApiError, catalogue};
use crate::tokens::{LegacyToken, RefreshToken};

impl Decisions {
    /// What an old token is known by here, once it is; a 401 for what is none. The account may be
    /// missing or disabled: then there is no such token.
    pub(super) async fn adopt(
        &self,
        context: &Context,
        text: &str,
    ) -> Result<RefreshToken, ApiError> {
        let now = self.clock.now();
        let tokens = self.legacy_tokens.as_ref();
        let read = tokens.and_then(|tokens| tokens.read(text, &self.issuing.keys, now));
        let LegacyToken { user_id, expires_at, token } =
            read.ok_or_else(|| ApiError::from(catalogue::INVALID_TOKEN))?;
        let lookup = token.lookup(&self.issuing.keys);
        let known = context.in_time(self.store.refresh_token(&lookup)).await?;
        if known.map_err(|error| store_error(&error))?.is_none() {
            let mut session = self.issuing.session(&context.request, &token, now, None);
            // It is remembered as long as it could come back, whatever becomes of its session.
            session.token.expires_at = expires_at;
            let store = self.store.clone();
            let work = async move { store.adopt(user_id, &session).await };
            let adopted = self.carrying_out.run(context, work).await?;
            adopted.map_err(|error| store_error(&error))?;
        }
        Ok(token)
    }
}
