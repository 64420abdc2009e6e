//! `auth-host policy keygen`: a key pair to sign policies with.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::key_files::{beside, write_new};
use super::problem::{Problem, REFUSED};
use crate::command::output;
use crate::policy::trust::KeyRing;
use crate::signatures::PrivateKey;

/// Make a pair of keys to sign policies with: FILE, which only you may read, and FILE.pub, for
/// those who trust it. No file is replaced.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy keygen ann --comment ann@example.com
  auth-host policy sign guarded.wasm --key ann

Prints the line for the file of trusted keys (POLICY_TRUSTED_KEYS); the operator may add to it what
the key may sign, and until when:
  ann places=login,refresh until=2027-01-31 ssh-ed25519 AAAA…

A key of OpenSSH does as well: ssh-keygen -t ed25519 -N '' -f ann")]
pub struct Keygen {
    /// Where to put the private key.
    file: PathBuf,
    /// What to write behind the public key: whose it is.
    #[arg(long, default_value = "")]
    comment: String,
}

impl Keygen {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self { file, comment } = self;
        let refused = |text: String| Problem::new(REFUSED, "not_made", text);
        if comment.contains(char::is_control) {
            return Err(refused("--comment: it must be one line".to_owned()).into());
        }
        let key = PrivateKey::generate();
        let public = [&key.public().openssh(), comment.trim()].join(" ");
        if let Err(faults) = KeyRing::read(&format!("NAME {public}")) {
            return Err(refused(format!("--comment: {}", faults.join("; "))).into());
        }
        let public_file = beside(&file, ".pub");
        for file in [&file, &public_file] {
            if fs::symlink_metadata(file).is_ok() {
                let file = file.display();
                let text = format!("{file} is there already, and no key is replaced. Name another");
                return Err(refused(text).into());
            }
        }
        write_new(&file, 0o600, &key.pem())?;
        if let Err(error) = write_new(&public_file, 0o644, &format!("{}\n", public.trim())) {
            // A private key that nobody knows the other half of is of no use.
            let _ = fs::remove_file(&file);
            return Err(error);
        }
        output::line(format_args!("{} {}", name(&file, &public), public.trim()))
    }
}

/// What the file is called, as far as a trusted key can be called so.
fn name(file: &Path, public: &str) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let kept = |c: &char| c.is_ascii_alphanumeric() || "._-@".contains(*c);
    let name: String = name.chars().filter(kept).take(64).collect();
    // Also one such as ssh-rsa is none: it begins a key.
    if KeyRing::read(&format!("{name} {public}")).is_ok() { name } else { "NAME".to_owned() }
}
