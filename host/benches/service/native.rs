//! The default login and refresh policies in Rust, line for line as in `components/`, on the same
//! capabilities. What differs is the component.

use auth_host::capabilities::CallState;
use auth_host::contract::TrappableFailure;
use auth_host::contract::bindings::passwords::Verification;
use auth_host::contract::bindings::throttle::Limit;
use auth_host::contract::bindings::types::{self, Rejection};
use auth_host::contract::bindings::{
    accounts, clock, logging_in, passwords, refreshing, sessions, settings, throttle,
};
use auth_host::policy::runtime::{Decided, NativePolicy};
use wasmtime::component::Resource;

pub struct Refresh;
pub struct Login;

impl NativePolicy for Refresh {
    fn call<'a>(&'a self, state: &'a mut CallState) -> Decided<'a> {
        Box::pin(async move { refresh(state) })
    }
}

impl NativePolicy for Login {
    fn call<'a>(&'a self, state: &'a mut CallState) -> Decided<'a> {
        Box::pin(async move {
            match login(state).await {
                Ok(decision) => Ok(decision),
                Err(stop) => Ok(Err(Rejection::Failed(types::Host::convert_failure(state, stop)?))),
            }
        })
    }
}

fn refresh(state: &mut CallState) -> wasmtime::Result<Result<u32, Rejection>> {
    let most = setting(state, "session-idle-seconds", 0)?;
    if most > 0 {
        let session = refreshing::HostAttempt::session(state, Resource::new_borrow(0))?;
        let refreshed_at =
            sessions::HostSession::refreshed_at(state, Resource::new_borrow(session.rep()))?;
        sessions::HostSession::drop(state, session)?;
        if clock::Host::now(state)?.saturating_sub(refreshed_at) / 1000 > most {
            let refusal = types::HostRefusal::new(
                state,
                "session_idle".into(),
                "invalid or expired refresh token".into(),
            )?;
            return Ok(Err(Rejection::Refused(refusal)));
        }
    }
    Ok(Ok(refreshing::HostAcceptance::new(state)?.rep()))
}

async fn login(state: &mut CallState) -> Result<Result<u32, Rejection>, TrappableFailure> {
    let attempt = Resource::new_borrow(0);
    let email = logging_in::HostAttempt::email(state, attempt).map_err(TrappableFailure::Trap)?;
    let key = format!("account:{email}");
    let most =
        u32::try_from(setting(state, "attempts-per-account", 10).map_err(TrappableFailure::Trap)?)
            .unwrap();
    let window_seconds =
        u32::try_from(setting(state, "window-seconds", 300).map_err(TrappableFailure::Trap)?)
            .unwrap();
    let account = accounts::Host::find_by_email(state, email).await?;
    let borrowed = account.as_ref().map(|account| Resource::new_borrow(account.rep()));
    let limits = vec![Limit { key: key.clone(), most, window_seconds }];
    let found = passwords::Host::verify(state, Resource::new_borrow(0), borrowed, limits).await?;
    if let Verification::Limited(wait) = found {
        let refusal =
            types::HostRefusal::new(state, "throttled".into(), "too many attempts".into())
                .map_err(TrappableFailure::Trap)?;
        types::HostRefusal::set_retry_after(state, Resource::new_borrow(refusal.rep()), wait)
            .map_err(TrappableFailure::Trap)?;
        return Ok(Err(Rejection::Refused(refusal)));
    }
    if let Some(account) = account
        && matches!(found, Verification::Right)
        && !accounts::HostAccount::disabled(state, Resource::new_borrow(account.rep()))
            .map_err(TrappableFailure::Trap)?
    {
        throttle::Host::clear(state, vec![key])?;
        return Ok(Ok(logging_in::HostAcceptance::new(state, account)
            .map_err(TrappableFailure::Trap)?
            .rep()));
    }
    let refusal = types::HostRefusal::new(
        state,
        "invalid_credentials".into(),
        "invalid email or password".into(),
    );
    Ok(Err(Rejection::Refused(refusal.map_err(TrappableFailure::Trap)?)))
}

fn setting(state: &mut CallState, name: &str, default: u64) -> wasmtime::Result<u64> {
    let text = settings::Host::get(state, name.to_owned())?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(default))
}
