//! An account as both databases keep it.

use serde_json::{Map, Value};

use super::error::{CarryError, Conflict};
use super::row::{from_row, object};
use super::writes::Writes;
use crate::clock::Timestamp;

/// All of an account's attributes, as JSON, have at most so many bytes.
const MAX_ATTRIBUTES_BYTES: usize = 32 * 1024;

/// Who may log in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Positive.
    pub user_id: i64,
    /// Canonical, but for imported accounts that differ in letter case only.
    pub email: String,
    /// A PHC string, or bcrypt's until an imported account logs in.
    pub password_hash: String,
    /// Counts the passwords that the account has had; a new hash of the same password leaves it.
    pub password_version: i64,
    /// JSON values by name, as policies gave them.
    pub attributes: Map<String, Value>,
    pub created_at: Timestamp,
    /// Whether a login is refused and no session of it is open.
    pub disabled: bool,
}

from_row!(Account |row| {
    user_id,
    email,
    password_hash,
    password_version,
    attributes: read_attributes(row.try_get("attributes")?)?,
    created_at,
    disabled,
});

fn read_attributes(text: &str) -> sqlx::Result<Map<String, Value>> {
    object("accounts.attributes", text)
}

/// A new account's attributes, as they are stored.
pub(super) fn first_attributes(writes: &Writes) -> Result<String, Conflict> {
    bounded(writes.attributes.clone())
}

/// Attributes with what a policy has changed in them, as they are stored.
pub(super) fn changed_attributes(stored: &str, writes: &Writes) -> Result<String, CarryError> {
    let mut all = read_attributes(stored)?;
    all.retain(|name, _| !writes.removed_attributes.contains(name));
    all.extend(writes.attributes.clone());
    Ok(bounded(all)?)
}

fn bounded(attributes: Map<String, Value>) -> Result<String, Conflict> {
    let text = Value::Object(attributes).to_string();
    if text.len() > MAX_ATTRIBUTES_BYTES { Err(Conflict::AttributesTooLarge) } else { Ok(text) }
}
