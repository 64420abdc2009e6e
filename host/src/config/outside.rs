//! Settings of what policies may ask outside, and of their secrets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::reader::Reader;
use crate::contract::Slot;
use crate::contract::names::is_name;
use crate::outgoing::OutgoingSettings;
use crate::secrets::SecretSettings;

/// What a variable of a secret begins with.
const SECRET: &str = "POLICY_SECRET_";
/// Of the name that a manifest asks for.
const MOST_NAME_BYTES: usize = 32;

/// A name may be in lower or in upper case; what it means is in lower case. A value is taken as it
/// is: whether it is a secret is said when somebody asks for it.
pub(super) fn secrets(read: &mut Reader<'_>, local: bool) -> SecretSettings {
    let mut variables = HashMap::new();
    for (variable, value) in read.source {
        let Some(name) = variable.strip_prefix(SECRET) else { continue };
        let name = name.to_ascii_lowercase();
        if !is_secret(&name) {
            read.faults.push(format!(
                "{variable}: is no secret of a policy. It must be {SECRET}<place>_<name>, with the \
                 place register, login or refresh and the name that a manifest asks for"
            ));
        } else if variables.insert(name, Zeroizing::new(value.clone())).is_some() {
            let same = format!("{SECRET}{}", variable[SECRET.len()..].to_ascii_lowercase());
            read.faults.push(format!(
                "{same}: is set twice, in lower and in upper case. Unset one of them"
            ));
        }
    }
    SecretSettings {
        variables,
        folder: read.given("POLICY_SECRETS_DIR").map(PathBuf::from),
        anybody: local,
    }
}

/// Whether it is a place, and a name as manifests write it.
fn is_secret(name: &str) -> bool {
    let of = |slot: Slot| name.strip_prefix(slot.as_str())?.strip_prefix('_');
    Slot::ALL.into_iter().find_map(of).is_some_and(|name| is_name(name, '_', MOST_NAME_BYTES))
}

pub(super) fn outgoing(read: &mut Reader<'_>) -> OutgoingSettings {
    OutgoingSettings {
        name_servers: read.value("POLICY_HTTP_DNS", Vec::new(), name_servers),
        roots: read.given("POLICY_HTTP_ROOTS").map(PathBuf::from),
    }
}

fn name_servers(text: &str) -> Result<Vec<SocketAddr>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let server = |part: &str| {
        let with_port = || part.parse().map(|address| SocketAddr::new(address, 53));
        part.parse().or_else(|_| with_port())
    };
    parts
        .map(|part| server(part).map_err(|_| format!("holds {part:?}, which is no address")))
        .collect()
}
