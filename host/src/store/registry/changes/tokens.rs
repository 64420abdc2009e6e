//! Tokens of the admin API.

use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::token::{AdminToken, NewAdminToken};
use super::super::transaction::{NewLine, Registry};
use crate::store::StoreError;

/// A name is never given again: else what history says of it could be of two people.
pub(in crate::store) async fn add<R: Registry>(
    registry: &mut R,
    token: &NewAdminToken,
) -> Result<AdminToken, RegistryError> {
    if !registry.add_token(token).await? {
        return Err(RegistryRefusal::TokenExists { name: token.name.clone() }.into());
    }
    let NewAdminToken { name, role, expires_at, .. } = token;
    let details = serde_json::json!({ "token": name, "role": role, "expires_at": expires_at });
    write(registry, "token_added", &token.created_by, &token.name, &details).await?;
    let lost = || StoreError::Damaged("a token was not kept".to_owned());
    Ok(registry.token(&token.name).await?.ok_or_else(lost)?)
}

/// One that is revoked already stays as it is.
pub(in crate::store) async fn revoke<R: Registry>(
    registry: &mut R,
    name: &str,
    who: &str,
) -> Result<AdminToken, RegistryError> {
    let none = || RegistryRefusal::NoToken { name: name.to_owned() };
    let token = registry.token(name).await?.ok_or_else(none)?;
    if token.revoked_at.is_some() {
        return Ok(token);
    }
    registry.revoke_token(name).await?;
    let details = serde_json::json!({ "token": name });
    write(registry, "token_revoked", who, name, &details).await?;
    Ok(registry.token(name).await?.ok_or_else(none)?)
}

async fn write<R: Registry>(
    registry: &mut R,
    action: &'static str,
    who: &str,
    name: &str,
    details: &serde_json::Value,
) -> Result<(), StoreError> {
    let line = NewLine {
        place: "",
        who,
        action,
        from: None,
        to: None,
        why: name,
        details: &details.to_string(),
    };
    registry.write(line).await
}
