//! `auth-host policy pack` and `inspect`: for authors, on files alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::files;
use super::problem::{Problem, REFUSED};
use crate::administration::views::ReasonView;
use crate::command::output;
use crate::policy::{admission, pack};

/// Make a policy out of a core module and its manifest.
#[derive(Args)]
pub struct Pack {
    /// A core module built with wit-bindgen, or a component.
    pub module: PathBuf,
    /// The manifest, a JSON file.
    #[arg(long)]
    pub manifest: PathBuf,
    /// Where to write the policy; it is replaced atomically.
    #[arg(long)]
    pub output: PathBuf,
}

/// Show a policy's manifest, digest and imports, and what the host would refuse about it.
#[derive(Args)]
pub struct Inspect {
    /// The policy.
    policy: PathBuf,
    /// Tell it as JSON, one document on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

impl Pack {
    /// Does it.
    pub fn run(self) -> anyhow::Result<()> {
        let Self { module, manifest, output } = self;
        let packed = pack::pack(&files::component(&module)?, &files::component(&manifest)?)
            .with_context(|| format!("{} cannot be packed", module.display()))?;
        // What no host would take is not packed.
        admission::inspect(&packed).map_err(|faults| refusal(&module, &faults))?;
        let unfinished = output.with_extension("wasm.tmp");
        fs::write(&unfinished, &packed)
            .and_then(|()| fs::rename(&unfinished, &output))
            .with_context(|| format!("{} cannot be written", output.display()))
    }
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let bytes = files::component(&self.policy)?;
        let checked =
            admission::inspect(&bytes).map_err(|faults| refusal(&self.policy, &faults))?;
        let (digest, length) = (&checked.digest, bytes.len());
        if self.json {
            return output::json(&json!({
                "manifest": checked.manifest,
                "digest": digest,
                "size": length,
                "wit": checked.wit,
                "imports": checked.imports,
            }));
        }
        output::json(&checked.manifest)?;
        output::line(format_args!("sha256 {digest}\nbytes  {length}\nimports"))?;
        for import in checked.imports {
            output::line(format_args!("  {import}"))?;
        }
        Ok(())
    }
}

/// All that is wrong with a file, each with what to do about it.
fn refusal(policy: &Path, faults: &admission::Faults) -> Problem {
    let text = format!("{} would be refused:", policy.display());
    let reasons = faults.iter().map(|fault| ReasonView {
        text: fault.to_string(),
        remedy: fault.remedy().to_owned(),
        of_settings: fault.is_of_settings(),
    });
    Problem { reasons: reasons.collect(), ..Problem::new(REFUSED, "refused", text) }
}
