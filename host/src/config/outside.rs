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
                    "{part:?} is not an address such as 10.0.0.53, 10.0.0.53:5353 or \
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
            assert!(error.contains("is not an address such as"), "{text}: {error}");
        }
        assert!(read(&["10.0.0.53"; 9].join(",")).unwrap_err().contains("at most 8"));
    }
}
