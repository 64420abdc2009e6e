//! `auth-host policy`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::output;
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
    /// What the host starts for each component that is offered: not for people.
    #[command(hide = true)]
    AdmitOne {
        /// Memory that it may write to.
        #[arg(long)]
        memory_mib: u64,
        /// Processor time of all its threads together.
        #[arg(long)]
        processor_seconds: u64,
    },
    /// Show a policy's manifest, digest and imports, and what the host would refuse about it.
    Inspect {
        /// The policy.
        policy: PathBuf,
    },
}

impl PolicyRun {
    /// Does it.
    pub fn run(self) -> anyhow::Result<()> {
        let read = |file: &PathBuf| {
            whole(file).with_context(|| format!("{} cannot be read", file.display()))
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
            Self::AdmitOne { memory_mib, processor_seconds } => {
                admission::admit_one(memory_mib, processor_seconds)
            }
            Self::Inspect { policy } => {
                let bytes = read(&policy)?;
                let checked = admission::inspect(&bytes)
                    .map_err(|faults| anyhow::anyhow!("{}", refusal(&policy, &faults)))?;
                output::line(serde_json::to_string_pretty(&checked.manifest)?)?;
                let (digest, length) = (&checked.digest, bytes.len());
                output::line(format_args!("sha256 {digest}\nbytes  {length}\nimports"))?;
                for import in checked.imports {
                    output::line(format_args!("  {import}"))?;
                }
                Ok(())
            }
        }
    }
}

/// A file's bytes, if it is one that could be a policy: a device or a pipe has no end.
fn whole(file: &Path) -> anyhow::Result<Vec<u8>> {
    let metadata = fs::metadata(file)?;
    anyhow::ensure!(metadata.is_file(), "it is no file");
    // A module shrinks when it is packed, by no more than half.
    let most = 2 * admission::MAX_COMPONENT_BYTES;
    anyhow::ensure!(metadata.len() <= most, "it has {} bytes", metadata.len());
    Ok(fs::read(file)?)
}

/// Each fault with what to do about it below.
fn refusal(policy: &Path, faults: &admission::Faults) -> String {
    let lines = faults.iter().map(|fault| format!("\n  {fault}\n    {}", fault.remedy()));
    format!("{} would be refused:{}", policy.display(), lines.collect::<Vec<_>>().concat())
}
