//! Whom a command asks, and with which token: its options, then the settings, then what a service
//! on the same machine keeps for its own user.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use reqwest::Url;

use super::client::{Client, Token, is_here};
use super::files;
use super::problem::{Problem, UNREACHABLE};
use crate::config::{ClientConfig, Secret};
use crate::telemetry;

const MAX_TOKEN_BYTES: u64 = 4096;
const MAX_CA_BYTES: u64 = 1 << 20;

/// Whom to ask, and how to tell the answer.
#[derive(Args)]
pub struct Asking {
    /// The admin API of a service [default: `ADMIN_URL`, or `http://127.0.0.1:7972`].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// Tell it as JSON, one document on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// What to ask it with.
#[derive(Args)]
pub struct Credentials {
    /// A file that holds the token [default: `ADMIN_TOKEN`, `ADMIN_TOKEN_FILE`, or what a service
    /// with `ENV=local` keeps in its data folder].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities to believe instead of the system's, for https
    /// [default: `ADMIN_CA`].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Asking {
    /// Whoever answers at the admin API.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        self.credentials.client(self.url.as_deref(), &ClientConfig::from_environment()?)
    }
}

impl Credentials {
    /// Whoever answers at this address, or at that of the settings.
    pub(super) fn client(
        &self,
        url: Option<&str>,
        config: &ClientConfig,
    ) -> anyhow::Result<Client> {
        let url = address(url.unwrap_or(&config.url))?;
        let token = self.token(&url, config)?;
        if url.scheme() == "http" && !is_here(&url) {
            // A proxy beside the service or a mesh may well encrypt it: only operators know.
            telemetry::say(&format!(
                "warning: the token goes to {url} in the clear; take https, unless what lies \
                 between encrypts"
            ));
        }
        let ca = self.ca.as_deref().or(config.ca.as_deref());
        let ca = ca.map(|file| files::whole(file, MAX_CA_BYTES)).transpose()?;
        Client::new(url, token, ca.as_deref())
    }

    fn token(&self, url: &Url, config: &ClientConfig) -> anyhow::Result<Token> {
        if let Some(file) = &self.token_file {
            return of_file(file);
        }
        if let Some(token) = &config.token {
            return Token::new(token, "ADMIN_TOKEN");
        }
        if let Some(file) = &config.token_file {
            return of_file(file);
        }
        // It opens the service of this machine, and is told to no other.
        if is_here(url) && config.local_token_file.exists() {
            return of_file(&config.local_token_file);
        }
        let text = format!(
            "there is no token for {url}: set ADMIN_TOKEN or ADMIN_TOKEN_FILE, or give \
             --token-file. Whoever runs the service makes one with: auth-host admin token add NAME \
             --role deploy --for 90d"
        );
        Err(Problem::new(UNREACHABLE, "no_token", text).into())
    }
}

fn of_file(file: &Path) -> anyhow::Result<Token> {
    let bytes = zeroize::Zeroizing::new(files::whole(file, MAX_TOKEN_BYTES)?);
    let text = std::str::from_utf8(&bytes).ok().with_context(|| not_a_token(file))?;
    Token::new(&Secret::new(text.trim().to_owned()), &file.display().to_string())
}

fn not_a_token(file: &Path) -> String {
    format!("{} holds no token", file.display())
}

fn address(text: &str) -> anyhow::Result<Url> {
    const FORM: &str = "is no address of an admin API such as https://auth.internal:7972";
    // It is not repeated if it could hold a password.
    let url = Url::parse(text.trim()).ok().filter(Url::has_host);
    let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        anyhow::bail!("ADMIN_URL or --url: what is given {FORM}");
    };
    anyhow::ensure!(
        url.username().is_empty() && url.password().is_none(),
        "ADMIN_URL or --url: an address with a user or a password is not taken; the token comes \
         from ADMIN_TOKEN, ADMIN_TOKEN_FILE or --token-file"
    );
    anyhow::ensure!(
        url.query().is_none() && url.fragment().is_none(),
        "ADMIN_URL or --url: {url} has a query or a fragment; it {FORM}"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_http_without_a_password() {
        for taken in ["http://127.0.0.1:7972", "https://auth.internal/admin/", "http://[::1]:1"] {
            assert!(address(taken).is_ok(), "{taken}");
        }
        for wrong in [
            "",
            "127.0.0.1:7972",
            "ftp://host",
            "https://",
            "https://a:Geheim@host",
            "https://host?x=1",
            "unix:/run/socket",
        ] {
            let told = address(wrong).unwrap_err().to_string();
            assert!(told.contains("ADMIN_URL") && !told.contains("Geheim"), "{wrong}: {told}");
        }
    }

    #[test]
    fn the_token_of_this_machine_is_for_this_machine() {
        let here = |text: &str| is_here(&address(text).unwrap());
        assert!(here("http://127.0.0.1:7972") && here("http://localhost") && here("http://[::1]"));
        assert!(!here("https://auth.internal") && !here("http://10.0.0.7:7972"));
    }
}
