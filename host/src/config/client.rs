//! What commands need to reach the admin API of a service: where it is, and who asks. They need
//! neither its database nor its secrets.

use std::path::PathBuf;

use super::environment::environment;
use super::reader::{Reader, Secret};
use super::{ConfigError, settings};
use crate::policy::admission::AdmissionSettings;

/// Where the admin API is, and the token to ask it with.
pub struct ClientConfig {
    /// `ADMIN_URL`, default `http://127.0.0.1:7972`: where commands find the admin API.
    pub url: String,
    /// `ADMIN_TOKEN`: the token itself. `ADMIN_TOKEN_FILE`: a file with nothing else in it.
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    /// `ADMIN_CA`: certificates (PEM) of the authorities that are believed instead of the system's.
    pub ca: Option<PathBuf>,
    /// The token that a service with `ENV=local` keeps in its `DATA_DIR`: for its own machine.
    pub local_token_file: PathBuf,
    /// What checking a component may take, as a service here would let it.
    pub admission: AdmissionSettings,
}

impl ClientConfig {
    /// Reads them from the environment and, if there is one, the file `.env` in the working folder.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let source = environment()?;
        let mut read = Reader { source: &source, faults: Vec::new() };
        let config = Self {
            url: read.text("ADMIN_URL", "http://127.0.0.1:7972"),
            token: read.given("ADMIN_TOKEN").map(|token| Secret::new(token.to_owned())),
            token_file: read.given("ADMIN_TOKEN_FILE").map(PathBuf::from),
            ca: read.given("ADMIN_CA").map(PathBuf::from),
            local_token_file: PathBuf::from(read.text("DATA_DIR", "data")).join("admin-token"),
            admission: settings::admission(&mut read),
        };
        if read.faults.is_empty() { Ok(config) } else { Err(ConfigError(read.faults)) }
    }
}
