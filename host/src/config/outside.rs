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

/// More are no help to each other: two of them are asked at once.
const NAME_SERVERS: usize = 8;

fn name_servers(text: &str) -> Result<Vec<SocketAddr>, String> {
    let server = |part: &str| {
        let with_port = || part.parse().map(|address| SocketAddr::new(address, 53));
        part.parse().or_else(|_| with_port())
    };
    let servers: Vec<SocketAddr> = text
        .split(',')
        .map(str::trim)
        .map(|part| {
            server(part).map_err(|_| {
                format!(
                    "holds {part:?}, which is not an address such as 10.0.0.53, 10.0.0.53:5353 or \
                     [2001:db8::53]:53"
                )
            })
        })
        .collect::<Result<_, _>>()?;
    if servers.len() > NAME_SERVERS {
        return Err(format!("names {} servers; at most {NAME_SERVERS} are", servers.len()));
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::name_servers;

    #[test]
    fn name_servers_are_addresses_with_or_without_a_port() {
        let read = |text: &str| {
            let servers = name_servers(text)?;
            Ok::<_, String>(servers.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(read("10.0.0.53").unwrap(), ["10.0.0.53:53"]);
        let several = read("10.0.0.53:5353, fd00::53,[fd00::53]:54").unwrap();
        assert_eq!(several, ["10.0.0.53:5353", "[fd00::53]:53", "[fd00::53]:54"]);
        for text in ["dns.example.com", "10.0.0.53:99999", "10.0.0.53,", ",", "10.0.0"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("which is not an address such as"), "{text}: {error}");
        }
        assert!(read(&["10.0.0.53"; 9].join(",")).unwrap_err().contains("at most 8"));
    }
}
