//! `auth-host policy sign`: a signature of a component, beside its file or where it is kept.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::asking::Asking;
use super::key_files::{beside, private_key, said, signatures, statement, write_signatures};
use super::names::ReleaseName;
use super::problem::{Problem, REFUSED};
use super::sign_release;
use crate::command::output;
use crate::signatures::{MOST_SIGNATURES, PrivateKey};

/// Sign a policy: its bytes, and the place and version that its manifest claims. Of a file the
/// signature goes into FILE.sig beside it, which `policy push` and the policy directory take with
/// it; of a release it goes to the service.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy sign guarded.wasm --key ann
  auth-host policy sign login/42 --key ann

The key is a file: what `auth-host policy keygen` made, one of OpenSSH (ssh-keygen -t ed25519), or
PKCS#8 in PEM (openssl genpkey -algorithm ed25519). It must have no passphrase.")]
pub struct Sign {
    /// The policy: a file, or a release such as login/42.
    #[arg(value_name = "FILE|RELEASE")]
    policy: String,
    /// The private key, a file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Sign {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let key = private_key(&self.key)?;
        let file = Path::new(&self.policy);
        match self.policy.parse::<ReleaseName>() {
            Ok(release) if !file.exists() => {
                let json = self.asking.json;
                sign_release::sign(&self.asking.client()?, &release, &key, json).await
            }
            _ => self.sign_file(file, &key),
        }
    }

    fn sign_file(&self, policy: &Path, key: &PrivateKey) -> anyhow::Result<()> {
        let statement = statement(policy)?;
        let file = beside(policy, ".sig");
        let mut all = signatures(&file)?;
        let own = key.public();
        // What it signed before, of an earlier build, says nothing any more.
        all.retain(|signature| signature.key != own);
        if all.len() >= MOST_SIGNATURES {
            let text = format!(
                "{} holds {MOST_SIGNATURES} signatures, and that is the most. Take one away",
                file.display()
            );
            return Err(Problem::new(REFUSED, "too_many_signatures", text).into());
        }
        all.push(key.sign(&statement));
        write_signatures(&file, &all)?;
        if self.asking.json {
            return output::json(&json!({
                "file": file.display().to_string(),
                "key": own.fingerprint(),
                "component": statement.component,
                "place": statement.place,
                "name": statement.name,
                "version": statement.version,
            }));
        }
        output::line(format_args!(
            "signed: {}\n  by     {}\n  in     {}",
            said(&statement),
            own.fingerprint(),
            file.display()
        ))
    }
}
