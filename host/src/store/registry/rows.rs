//! The registry's types as rows of either database. Lists are columns of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::candidate::Candidate;
use super::deployment::Deployment;
use super::differences::{DifferenceSample, Rollout};
use super::place::{Freeze, HistoryLine};
use super::place_row::PlaceRow;
use super::release::{Component, ComponentInfo, Release};
use super::replica::Replica;
use super::signature::StoredSignature;
use super::token::AdminToken;
use crate::store::row::from_row;
use crate::telemetry::rarely;

from_row!(ComponentInfo |row| { digest, wit, manifest, size, pushed_at, pushed_by });

from_row!(Component |row| {
    info: ComponentInfo::from_row(row)?,
    bytes: row.try_get::<Vec<u8>, _>("bytes")?.into(),
});

from_row!(Release |row| {
    place,
    number,
    components: json("components", row.try_get("components")?)?,
    settings,
    settings_digest,
    grants,
    source: word("source", row.try_get("source")?)?,
    author,
    message,
    report,
    created_at,
    first_active_at,
});

from_row!(PlaceRow |row| {
    place,
    newest,
    active,
    revision,
    activated_at,
    activated_by,
    previous: json("previous", row.try_get("previous")?)?,
    probation_until,
    freeze: match row.try_get("frozen_until")? {
        Some(until) => {
            Some(Freeze { until, by: row.try_get("frozen_by")?, why: row.try_get("frozen_why")? })
        }
        None => None,
    },
    unreadable: match (row.try_get("candidate")?, candidate(row.try_get("candidate")?)) {
        (Some::<&str>(text), None) => Some((text.to_owned(), row.try_get("revision")?)),
        _ => None,
    },
    candidate: candidate(row.try_get("candidate")?),
    grants: grants(row.try_get("grants")?),
});

from_row!(Deployment |row| {
    id: word("deployment", row.try_get("deployment")?)?,
    place,
    release: row.try_get("number")?,
    state: word("state", row.try_get("state")?)?,
    who,
    why,
    asked_at,
    deadline,
    ended_at,
    reports: json("reports", row.try_get("reports")?)?,
    waiting_for: Vec::new(),
    plan: match row.try_get("plan")? {
        Some(text) => Some(json("plan", text)?),
        None => None,
    },
});

from_row!(Rollout |row| {
    rollout: word("rollout", row.try_get("rollout")?)?,
    place,
    release: row.try_get("number")?,
    base,
    mode: word("mode", row.try_get("mode")?)?,
    began_at,
    began_by,
    why,
    ended_at,
    ending,
});

from_row!(DifferenceSample |row| { kind, request_id, at, replica });

from_row!(HistoryLine |row| {
    sequence,
    place,
    at,
    who,
    action,
    from: row.try_get("from_release")?,
    to: row.try_get("to_release")?,
    why,
    details,
});

// Whether it is live, the clock says.
from_row!(Replica |row| {
    replica: word("replica", row.try_get("replica")?)?,
    name,
    version,
    wit_versions: json_if_any("wit_versions", row.try_get("wit_versions")?),
    started_at,
    last_seen,
    live: false,
    serving: json_if_any("serving", row.try_get("serving")?),
});

from_row!(StoredSignature |row| { key, line, added_at, added_by });

from_row!(AdminToken |row| {
    name,
    role: word("role", row.try_get("role")?)?,
    hash,
    created_at,
    created_by,
    expires_at,
    revoked_at,
    used_at,
});

/// A column of JSON, named for the log.
fn json<T: DeserializeOwned>(column: &str, text: &str) -> sqlx::Result<T> {
    serde_json::from_str(text).map_err(|error| damaged(column, error))
}

/// The same of what another replica says of itself. One of a later version, or one that went mad,
/// must not keep all the others from deploying and going back.
fn json_if_any<T: DeserializeOwned + Default>(column: &str, text: &str) -> T {
    json(column, text).unwrap_or_else(|error| {
        rarely!(
            warn,
            column,
            %error,
            "what a replica says of itself cannot be read, and counts as nothing"
        );
        T::default()
    })
}

/// What is tried. One of a later version that cannot be read is none: it must not keep the place
/// from being read and changed.
fn candidate(text: Option<&str>) -> Option<Candidate> {
    json("candidate", text?)
        .inspect_err(|error| rarely!(warn, %error, "a candidate cannot be read, and is not tried"))
        .ok()
}

/// What was granted. What cannot be read is nothing, and not the start of everything: the place is
/// changed and read nevertheless, until somebody grants anew.
fn grants(text: Option<&str>) -> Option<Vec<String>> {
    let granted = json("grants", text?);
    Some(granted.unwrap_or_else(|error| {
        rarely!(error, %error, "what was granted to a place cannot be read, and counts as nothing");
        Vec::new()
    }))
}

/// A column of one word.
fn word<T: DeserializeOwned>(column: &str, text: &str) -> sqlx::Result<T> {
    serde_json::from_value(Value::from(text)).map_err(|error| damaged(column, error))
}

fn damaged(column: &str, error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}

/// What `word` reads.
pub(in crate::store) fn as_word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
