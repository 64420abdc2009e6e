//! Asks another service what its settings say, before or after the password was verified, and puts
//! what it was told into the token. Where that service is away it goes on without (open) or not
//! (closed).

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, http, json, setting};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let mut told = None;
    if setting("before", false)? {
        told = Some(ask(attempt)?);
    }
    let account = verified_account(attempt)?;
    let told = match told {
        Some(told) => told,
        None => ask(attempt)?,
    };
    let acceptance = Acceptance::new(&account);
    acceptance.add_claim("told", &json::quote(&told))?;
    Ok(acceptance)
}

/// The answers to all requests, or why there is none.
fn ask(attempt: &Attempt) -> Result<String, Failure> {
    let mut told = Vec::new();
    for _ in 0..setting("times", 1)? {
        told.push(match once(attempt) {
            Err(failure) if setting("closed", false)? => return Err(failure),
            Ok(answer) => answer,
            Err(Failure::Unavailable(_)) => "unavailable".to_owned(),
            Err(Failure::Denied(text)) => format!("denied: {text}"),
            Err(Failure::Limit(text)) => format!("limit: {text}"),
            Err(Failure::Other(text)) => format!("other: {text}"),
        });
    }
    Ok(told.join("; "))
}

/// Status, a header, the body's length and its beginning.
fn once(attempt: &Attempt) -> Result<String, Failure> {
    let email = attempt.email();
    let local = email.split('@').next().unwrap_or_default();
    let (name, port) = local.rsplit_once('-').unwrap_or((local, ""));
    let url: String = setting("url", String::new())?;
    let url = url.replace("{name}", name).replace("{port}", port);
    let mut request = http::Request::new(&setting("method", "GET".to_owned())?, &url);
    let (header, value) = (setting("header", String::new())?, setting("value", String::new())?);
    if !header.is_empty() {
        request = request.header(&header, &value);
    }
    for number in 0..setting("headers", 0)? {
        request.add_header(&format!("x-{number}"), "value");
    }
    let bytes: u32 = setting("body", 0)?;
    if bytes > 0 {
        request = request.body(&vec![b'x'; bytes as usize]);
    }
    let milliseconds: u32 = setting("timeout", u32::MAX)?;
    if milliseconds < u32::MAX {
        request = request.timeout(milliseconds);
    }
    let answer = request.send()?;
    let body = answer.body();
    let begins = String::from_utf8_lossy(&body[..body.len().min(32)]).into_owned();
    let header = answer.header("X-Told").unwrap_or_default();
    Ok(format!("{} {header:?} {} {begins}", answer.status(), body.len()))
}
