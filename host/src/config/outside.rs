//! Settings of what policies may ask outside, and of their secrets.

use std::net::SocketAddr;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::reader::Reader;
use crate::outgoing::OutgoingSettings;
use crate::secrets::SecretSettings;

/// What a variable of a secret begins with.
const SECRET: &str = "POLICY_SECRET_";

pub(super) fn secrets(read: &mut Reader<'_>) -> SecretSettings {
    let variables = read.source.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix(SECRET)?.to_owned(), Zeroizing::new(value.clone())))
    });
    SecretSettings {
        variables: variables.collect(),
        folder: read.given("POLICY_SECRETS_DIR").map(PathBuf::from),
    }
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
