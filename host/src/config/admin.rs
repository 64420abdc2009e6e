//! The settings of the admin listener, and of what is kept of releases.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::reader::Reader;
use super::values::{address, between, number};
use crate::store::registry::PlaceState;

/// Of the admin listener.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// `ADMIN_ADDRESS`, default `127.0.0.1:7972`; none for `off`.
    pub address: Option<SocketAddr>,
    /// Whether somebody set it.
    pub is_address_given: bool,
    /// `ADMIN_TLS_CERTIFICATE` and `ADMIN_TLS_KEY`, files in PEM, default none.
    pub tls: Option<TlsFiles>,
    /// `POLICY_RELEASES_KEPT`, default 50: so many releases of each place are kept beside those
    /// that are in use.
    pub releases_kept: u32,
}

/// A certificate, with those that vouch for it, and its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl AdminConfig {
    /// `public` is where the other listener is.
    pub(super) fn read(read: &mut Reader<'_>, local: bool, public: SocketAddr) -> Self {
        let usual = SocketAddr::from(([127, 0, 0, 1], 7972));
        let address = read.value("ADMIN_ADDRESS", Some(usual), |text| match text {
            "off" => Ok(None),
            text => address(text).map(Some).map_err(|fault| format!("{fault}, or off")),
        });
        let tls = tls(read);
        let by_proxy = match read.given("ADMIN_TLS").map(str::to_owned) {
            None => false,
            Some(word) if word == "proxy" => true,
            Some(word) => {
                read.faults.push(format!(
                    "ADMIN_TLS: {word:?} is not proxy, the word that says that a proxy in front \
                     of this host encrypts. To encrypt here set ADMIN_TLS_CERTIFICATE and \
                     ADMIN_TLS_KEY"
                ));
                true
            }
        };
        let given = read.given("ADMIN_ADDRESS").is_some();
        if let Some(address) = address {
            let is_bare = !address.ip().is_loopback() && tls.is_none() && !by_proxy;
            if is_bare && !local && read.faults.iter().all(|fault| !fault.starts_with("ADMIN_TLS"))
            {
                read.faults.push(format!(
                    "ADMIN_ADDRESS: {address} is reached by others, and tokens would go over the \
                     network as they are. Set ADMIN_TLS_CERTIFICATE and ADMIN_TLS_KEY, or \
                     ADMIN_TLS=proxy if a proxy in front of this host encrypts, or an address of \
                     this machine only (127.0.0.1:7972), or off"
                ));
            }
            if address == public && address.port() != 0 {
                read.faults.push(format!(
                    "ADMIN_ADDRESS: {address} is HTTP_SERVER_ADDRESS, too; set another port"
                ));
            }
        }
        let least = u32::try_from(PlaceState::MOST_PREVIOUS).unwrap_or(5) + 1;
        Self {
            address,
            is_address_given: given,
            tls,
            releases_kept: read.value("POLICY_RELEASES_KEPT", 50, between(least, 100_000, number)),
        }
    }
}

fn tls(read: &mut Reader<'_>) -> Option<TlsFiles> {
    let certificate = read.given("ADMIN_TLS_CERTIFICATE").map(PathBuf::from);
    let key = read.given("ADMIN_TLS_KEY").map(PathBuf::from);
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            read.faults.push("ADMIN_TLS_KEY: is not set, and ADMIN_TLS_CERTIFICATE is".into());
            None
        }
        (None, Some(_)) => {
            read.faults.push("ADMIN_TLS_CERTIFICATE: is not set, and ADMIN_TLS_KEY is".into());
            None
        }
    }
}
