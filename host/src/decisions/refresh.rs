//! `POST /auth/refresh`: one call claims a token and replaces it; others with the same token get
//! the same answer for a short while; after that the token counts as stolen, and the session ends.

use std::sync::Arc;

use serde_json::{Map, json};

use super::{
    Context, accepted, carry_out, conflicted, current, decide, in_time, legacy, not_carried_out,
    session_end, sign_failed, store_failed,
};
use crate::app::App;
use crate::capabilities::Attempt;
use crate::clock::milliseconds;
use crate::error::ApiError;
use crate::policy::Slot;
use crate::policy::call::Refresh;
use crate::store::{Conflict, NewEvent, StoreError, StoredToken};
use crate::tokens::{RefreshToken, TokenPair};

/// Asks the refresh policy and rotates the token.
pub async fn refresh(
    app: &Arc<App>,
    context: &Context,
    token_text: &str,
) -> Result<TokenPair, ApiError> {
    let ours = RefreshToken::decode(token_text, &app.services.keys);
    let of_old_service = ours.is_none();
    let token = match ours {
        Some(token) => token,
        None => legacy::adopt(app, context, token_text).await?,
    };
    let stored = find(app, context, &token).await?;
    if stored.replaced_at.is_some() {
        return replaced(app, context, &token, &stored).await;
    }
    let generation = current(app, Slot::Refresh)?;
    let attempt = Attempt {
        session: Some(stored.session.clone()),
        account: Some(stored.account.clone()),
        ..Attempt::default()
    };
    let (acceptance, state) = decide::<Refresh>(app, &generation, context, attempt).await?;
    if state.writes.disable.is_some()
        || state.writes.revocations.iter().any(|(id, _)| *id == stored.session.session_id)
    {
        return Err(not_carried_out(
            app,
            Slot::Refresh,
            "it ended the session and accepted the refresh",
        ));
    }
    accepted(app, Slot::Refresh);
    let now = app.services.clock.now();
    let ends_at = session_end(now, stored.session.ends_at, acceptance.session_seconds);
    let successor = RefreshToken::generate();
    let answer = answer(app, &stored, &successor, &acceptance.claims, now, ends_at)
        .map_err(|error| store_failed(&error))?;
    let new_token = app.new_token(&successor, now, ends_at);
    let grace = milliseconds(app.config.refresh_grace_period);
    let sealed =
        if grace > 0 { token.seal(&app.services.keys, &stored.token_id, &answer) } else { None };
    let (store, writes, claimed) = (app.services.store.clone(), state.writes, stored.clone());
    let has_events = !writes.events.is_empty();
    let work = async move {
        store.rotate(&claimed, &new_token, sealed.as_deref(), now + grace, ends_at, &writes).await
    };
    match carry_out(app, context, work).await? {
        Ok(()) => {
            app.services.metrics.refresh_legacy.inc_by(u64::from(of_old_service));
            if has_events {
                app.outbox_wake.notify_one();
            }
            Ok(answer)
        }
        // Another call was first; what this one decided is discarded.
        Err(Conflict::TokenClaimed) => {
            let stored = find(app, context, &token).await?;
            replaced(app, context, &token, &stored).await
        }
        Err(conflict) => Err(conflicted(app, Slot::Refresh, conflict)),
    }
}

/// The stored token, where it, its session and its account may still be used.
async fn find(app: &App, context: &Context, token: &RefreshToken) -> Result<StoredToken, ApiError> {
    let found =
        in_time(context, app.services.store.refresh_token(&token.lookup(&app.services.keys)))
            .await?;
    let stored =
        found.map_err(|error| store_failed(&error))?.ok_or_else(ApiError::invalid_token)?;
    let now = app.services.clock.now();
    let usable = stored.expires_at > now
        && stored.session.ends_at > now
        && !stored.session.revoked
        && !stored.account.disabled;
    if usable { Ok(stored) } else { Err(ApiError::invalid_token()) }
}

/// A token that was claimed before: a repeat within its window, or a reuse.
async fn replaced(
    app: &Arc<App>,
    context: &Context,
    token: &RefreshToken,
    stored: &StoredToken,
) -> Result<TokenPair, ApiError> {
    let in_window = stored.grace_until.is_some_and(|until| app.services.clock.now() < until);
    if in_window {
        // Without an answer the successor was used already: the burst is over, but this is still no
        // theft.
        let answer = stored
            .answer
            .as_deref()
            .and_then(|sealed| token.open(&app.services.keys, &stored.token_id, sealed));
        let answer = answer.filter(|_| {
            app.repeats.allow(
                &stored.token_id,
                stored.grace_until.unwrap_or_default(),
                app.services.clock.now(),
            )
        });
        app.services.metrics.refresh_repeats.inc_by(u64::from(answer.is_some()));
        return answer.ok_or_else(ApiError::invalid_token);
    }
    let data = Map::from_iter([("session_id".to_owned(), json!(stored.session.session_id))]);
    let event = NewEvent {
        event_type: "session.reuse_detected".into(),
        data,
        ordering_key: None,
        traceparent: Some(context.request.traceparent.clone()),
    };
    let (store, reused) = (app.services.store.clone(), stored.clone());
    if carry_out(app, context, async move { store.revoke_reused(&reused, event).await }).await? {
        app.services.metrics.refresh_reuse.inc();
        tracing::warn!(
            user_id = stored.account.user_id,
            session_id = stored.session.session_id,
            "a replaced refresh token came back; its session was revoked"
        );
        app.outbox_wake.notify_one();
    }
    Err(ApiError::invalid_token())
}

fn answer(
    app: &App,
    stored: &StoredToken,
    successor: &RefreshToken,
    claims: &Map<String, serde_json::Value>,
    now: i64,
    ends_at: i64,
) -> Result<TokenPair, StoreError> {
    let user_id = stored.account.user_id;
    let access_token = app
        .access_tokens
        .sign(user_id, &stored.session.session_id, claims, now, ends_at)
        .map_err(|error| sign_failed(&error))?;
    Ok(TokenPair { access_token, refresh_token: successor.encode(&app.services.keys), user_id })
}
