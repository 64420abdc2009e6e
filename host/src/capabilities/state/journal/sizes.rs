//! What values take of the heap, about.

use serde_json::Value;

use crate::contract::{Attempt, Request};
use crate::outgoing::OutgoingResponse;
use crate::store::{Account, Session};

/// What a map needs for an entry beside its name and value.
const ENTRY: usize = 32;

pub(super) fn account(account: &Account) -> usize {
    account.email.len() + account.password_hash.len() + members(&account.attributes)
}

pub(super) fn session(session: &Session) -> usize {
    let texts = [&session.address, &session.user_agent];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    size_of::<Session>() + session.session_id.len() + texts
}

pub(super) fn response(response: &OutgoingResponse) -> usize {
    let header = |(name, value): &(String, Vec<u8>)| ENTRY + name.len() + value.len();
    response.body.len() + response.headers.iter().map(header).sum::<usize>()
}

pub(super) fn request(request: &Request) -> usize {
    let texts = [&request.address, &request.user_agent];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    request.id.len() + request.traceparent.len() + texts
}

pub(super) fn attempt(attempt: &Attempt) -> usize {
    // A password is held in two forms.
    let password = attempt.password.as_ref().map_or(0, |password| 2 * password.expose().len());
    let (of_account, of_session) =
        (attempt.account.as_ref().map_or(0, account), attempt.session.as_ref().map_or(0, session));
    let texts = attempt.email.len() + attempt.spelling.len();
    texts + password + members(&attempt.members) + of_account + of_session
}

fn members<'m>(members: impl IntoIterator<Item = (&'m String, &'m Value)>) -> usize {
    let member = |(name, of_it): (&String, &Value)| ENTRY + name.len() + value(of_it);
    members.into_iter().map(member).sum()
}

fn value(of_it: &Value) -> usize {
    size_of::<Value>()
        + match of_it {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(value).sum(),
            Value::Object(object) => members(object),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
