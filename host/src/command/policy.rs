//! `auth-host policy`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use crate::policy::{admission, pack};

/// What to do with policies.
#[derive(Subcommand)]
pub enum PolicyRun {
    /// Make a policy out of a core module and its manifest.
    Pack {
        /// A core module built with wit-bindgen, or a component.
        module: PathBuf,
        /// The manifest, a JSON file.
        #[arg(long)]
        manifest: PathBuf,
        /// Where to write the policy; it is replaced atomically.
        #[arg(long)]
        output: PathBuf,
    },
    /// Show a policy's manifest, digest and imports, and what the host would refuse about it.
    Inspect {
        /// The policy.
        policy: PathBuf,
    },
}

impl PolicyRun {
    /// Does it.
    #[expect(clippy::print_stdout, reason = "the command's output")]
    pub fn run(self) -> anyhow::Result<()> {
        let read = |file: &PathBuf| {
            fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
        };
        match self {
            Self::Pack { module, manifest, output } => {
                let packed = pack::pack(&read(&module)?, &read(&manifest)?)
                    .with_context(|| format!("{} cannot be packed", module.display()))?;
                // What no host would take is not packed.
                admission::inspect(&packed)
                    .map_err(|faults| anyhow::anyhow!("{}", refusal(&module, &faults)))?;
                let unfinished = output.with_extension("wasm.tmp");
                fs::write(&unfinished, &packed)
                    .and_then(|()| fs::rename(&unfinished, &output))
                    .with_context(|| format!("{} cannot be written", output.display()))
            }
            Self::Inspect { policy } => {
                let bytes = read(&policy)?;
                let checked = admission::inspect(&bytes)
                    .map_err(|faults| anyhow::anyhow!("{}", refusal(&policy, &faults)))?;
                println!("{}", serde_json::to_string_pretty(&checked.manifest)?);
                println!("sha256 {}\nbytes  {}\nimports", checked.digest, bytes.len());
                for import in checked.imports {
                    println!("  {import}");
                }
                Ok(())
            }
        }
    }
}

/// Each fault with what to do about it below.
fn refusal(policy: &Path, faults: &admission::Faults) -> String {
    let lines = faults.iter().map(|fault| format!("\n  {fault}\n    {}", fault.remedy()));
    format!("{} would be refused:{}", policy.display(), lines.collect::<Vec<_>>().concat())
}
