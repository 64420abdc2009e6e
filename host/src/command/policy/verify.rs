//! `auth-host policy verify`: what the signatures of a file come to, offline.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::key_files::{beside, public_key, said, signatures, statement, trusted};
use super::problem::{Problem, REFUSED};
use crate::clock::Clock;
use crate::command::output::{self, escaped, plain};
use crate::policy::trust::{KeyRing, SignedBy, Trust, judge};
use crate::signatures::Statement;

/// Look whether a policy has the signatures that it needs, as a host does before it is deployed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy verify guarded.wasm --trusted trusted-keys
  auth-host policy verify guarded.wasm --key ann.pub
  auth-host policy verify guarded.wasm --key ann.pub --key bob.pub --needed 2

It ends with 0 if it has them, and with 1 if not, with why.")]
pub struct Verify {
    /// The policy.
    policy: PathBuf,
    /// Its signatures [default: FILE.sig beside it].
    #[arg(long, value_name = "FILE")]
    signatures: Option<PathBuf>,
    /// A file of trusted keys, as `POLICY_TRUSTED_KEYS` names one.
    #[arg(long, value_name = "FILE", conflicts_with = "keys", required_unless_present = "keys")]
    trusted: Option<PathBuf>,
    /// A public key that counts, a file; several if more than one does.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// So many signatures of different keys it must have.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    needed: u32,
    /// Tell it as JSON, one document on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ring = self.ring()?;
        let statement = statement(&self.policy)?;
        let file = self.signatures.clone().unwrap_or_else(|| beside(&self.policy, ".sig"));
        if self.signatures.is_some() {
            // One that was named is there.
            std::fs::metadata(&file)
                .map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", file.display()))?;
        }
        let signatures = signatures(&file)?;
        let what = self.policy.display().to_string();
        let now = Clock::System.now();
        let trust = judge(&ring, (&what).into(), (&statement, &signatures), self.needed, now);
        self.tell(&statement, &trust)?;
        if trust.is_given() {
            return Ok(());
        }
        // It is told already.
        Err(Problem::new(REFUSED, "untrusted", "").told().into())
    }

    /// Whose signatures count.
    fn ring(&self) -> anyhow::Result<KeyRing> {
        if let Some(file) = &self.trusted {
            return trusted(file);
        }
        let mut ring = KeyRing::default();
        for file in &self.keys {
            let name = file.display().to_string();
            ring.add_for_all(&name, public_key(file)?)
                .map_err(|fault| Problem::new(REFUSED, "not_taken", format!("--key: {fault}")))?;
        }
        Ok(ring)
    }

    fn tell(&self, statement: &Statement, trust: &Trust) -> anyhow::Result<()> {
        if self.json {
            return output::json(&json!({
                "trusted": trust.is_given(),
                "component": statement.component,
                "place": statement.place,
                "name": statement.name,
                "version": statement.version,
                "needed": trust.needed,
                "signatures": trust.signed_by.iter().map(|by| json!({
                    "key": by.key.fingerprint(),
                    "name": by.name,
                    "state": by.state.as_str(),
                })).collect::<Vec<_>>(),
                "reasons": trust.reasons,
            }));
        }
        let head = if trust.is_given() { "trusted" } else { "not trusted" };
        output::line(format_args!("{head}: {}", said(statement)))?;
        for by in &trust.signed_by {
            output::line(signed_by(by))?;
        }
        for reason in &trust.reasons {
            output::line(format_args!("  {}", escaped(reason)))?;
        }
        Ok(())
    }
}

fn signed_by(by: &SignedBy) -> String {
    let name = by.name.as_deref().map_or_else(|| "-".to_owned(), plain);
    format!("  signed by {name} ({}): {}", by.key.fingerprint(), by.state.as_str())
}
