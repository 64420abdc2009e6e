//! How other services are reached.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How other services are reached.
#[derive(Debug, Clone, Default)]
pub struct OutgoingSettings {
    /// Name servers to ask; none: those of the system, and its hosts file.
    pub name_servers: Vec<SocketAddr>,
    /// A PEM file of authorities to trust instead of the system's.
    pub roots: Option<PathBuf>,
}
