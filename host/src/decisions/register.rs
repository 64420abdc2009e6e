//! `POST /auth/register`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Context, Credentials, accepted, current, decide, finish, in_time, not_carried_out, sign_failed,
};
use crate::app::App;
use crate::error::ApiError;
use crate::passwords::HashError;
use crate::policy::Slot;
use crate::policy::call::Register;
use crate::store::NewEvent;
use crate::tokens::{RefreshToken, TokenPair};

/// The members of `user.created` besides `user_id` and `email`, as its consumers expect them: an
/// absent one is an empty string.
const EVENT_ATTRIBUTES: [&str; 5] = ["phone", "name", "surname", "fathers_name", "birth_date"];

/// Asks the registration policy and creates the account, its first session and its event.
pub async fn register(
    app: &Arc<App>,
    context: &Context,
    credentials: Credentials,
) -> Result<TokenPair, ApiError> {
    let generation = current(app, Slot::Register)?;
    let attempt = credentials.attempt(&generation);
    let (email, email_valid, password) =
        (attempt.email.clone(), attempt.email_valid, attempt.password.clone());
    let (acceptance, state) = decide::<Register>(app, &generation, context, attempt).await?;
    if !email_valid {
        return Err(not_carried_out(
            app,
            Slot::Register,
            "it accepted an e-mail address that is not valid",
        ));
    }
    accepted(app, Slot::Register);
    let Some(password) = password else { return Err(ApiError::internal()) };
    let hashed = in_time(context, app.services.passwords.hash(&password)).await?;
    let hash = hashed.map_err(|error| match error {
        HashError::Busy => ApiError::busy(),
        HashError::Failed(_) => {
            tracing::error!(%error, "a password could not be hashed");
            ApiError::internal()
        }
    })?;
    let now = app.services.clock.now();
    let token = RefreshToken::generate();
    let session = app.new_session(&context.request, &token, now, None);
    let mut writes = state.writes;
    writes
        .events
        .insert(0, user_created(&email, &acceptance.attributes, &context.request.traceparent));
    writes.attributes = acceptance.attributes;
    let (claims, work) = (acceptance.claims, Arc::clone(app));
    let answer = finish(app, context, Slot::Register, async move {
        let sign = |user_id| {
            let access_token = work
                .access_tokens
                .sign(user_id, &session.session_id, &claims, now, session.ends_at)
                .map_err(|error| sign_failed(&error))?;
            Ok(TokenPair {
                access_token,
                refresh_token: token.encode(&work.services.keys),
                user_id,
            })
        };
        work.services.store.register(&email, &hash, &session, &writes, sign).await
    })
    .await?;
    app.outbox_wake.notify_one();
    Ok(answer)
}

fn user_created(email: &str, attributes: &Map<String, Value>, traceparent: &str) -> NewEvent {
    let mut data = Map::from_iter([("email".to_owned(), json!(email))]);
    for name in EVENT_ATTRIBUTES {
        // Consumers expect strings, whatever a policy chose to store.
        let text = match attributes.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        data.insert(name.to_owned(), Value::String(text));
    }
    NewEvent {
        event_type: "user.created".into(),
        data,
        ordering_key: None,
        traceparent: Some(traceparent.to_owned()),
    }
}
