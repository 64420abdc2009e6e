//! The three endpoints: read, decide, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::Request;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse as _, Response};

use super::body::{read_object, take_text};
use crate::app::App;
use crate::decisions::{self, Context, Credentials};
use crate::error::ApiError;
use crate::passwords::Password;
use crate::policy::Slot;
use crate::tokens::TokenPair;

pub(super) async fn register(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer =
        async { decisions::register(&app, &context, credentials(&app, request).await?).await };
    respond(&app, Slot::Register, answer.await)
}

pub(super) async fn login(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer =
        async { decisions::login(&app, &context, credentials(&app, request).await?).await };
    respond(&app, Slot::Login, answer.await)
}

pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    request: Request<Body>,
) -> Response {
    let answer = async {
        let mut object = read_object(request, app.body_limit()).await?;
        let token = zeroize::Zeroizing::new(take_text(&mut object, "refresh_token")?);
        decisions::refresh(&app, &context, &token).await
    };
    respond(&app, Slot::Refresh, answer.await)
}

async fn credentials(app: &App, request: Request<Body>) -> Result<Credentials, ApiError> {
    let mut members = read_object(request, app.body_limit()).await?;
    let email = take_text(&mut members, "email")?;
    let password = zeroize::Zeroizing::new(take_text(&mut members, "password")?);
    Ok(Credentials { email, password: Password::new(&password), members })
}

fn respond(app: &App, slot: Slot, answer: Result<TokenPair, ApiError>) -> Response {
    let endpoint = app.services.metrics.endpoint(slot);
    let mut response = match answer {
        Ok(pair) => {
            endpoint.success.inc();
            Json(pair).into_response()
        }
        Err(error) => {
            endpoint.failed.with_label_values(&[error.code.as_str()]).inc();
            error.into_response()
        }
    };
    // RFC 6749, section 5.1: no cache on the way keeps a token.
    response.headers_mut().insert(CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, axum::http::HeaderValue::from_static("no-cache"));
    response
}
