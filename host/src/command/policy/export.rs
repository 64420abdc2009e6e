//! `auth-host policy export`: a release as a file.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::asking::Asking;
use super::client::Client;
use super::names::ReleaseName;
use super::releases;
use crate::administration::views::{ReleaseView, SignaturesView};
use crate::command::output::{self, plain};
use crate::hex;
use crate::policy::releases::export::{self, Exported, ExportedComponent, ExportedRelease};
use crate::{telemetry, whole_file};

/// Write a release to a file: its components, its settings, who brought it and why. The file goes
/// to another environment (import), or is kept for the day on which nothing answers (`POLICY_PIN`).
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy export login/42 > login-42.release
  auth-host policy export login/42 -o login-42.release

It holds the settings with their values: keep it as you keep them. Signatures go with it.")]
pub struct Export {
    /// The release, such as login/42.
    release: ReleaseName,
    /// Where to write it [default: standard output]; it is replaced atomically.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let to_output = self.output.is_none();
        anyhow::ensure!(
            !(to_output && std::io::stdout().is_terminal()),
            "a release is no text for a terminal: give -o FILE, or redirect it with > FILE"
        );
        anyhow::ensure!(
            !(to_output && self.asking.json),
            "standard output is the release itself: with --json, give -o FILE"
        );
        let client = self.asking.client()?;
        let release = releases::named(&client, &self.release).await?;
        let exported = exported(&client, &release).await?;
        let mut bytes = Vec::new();
        export::write(&mut bytes, &exported)?;
        let Some(file) = &self.output else { return output::bytes(&bytes) };
        whole_file::write(file, &bytes)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        if self.asking.json {
            return output::json(&told(&release, &exported, bytes.len()));
        }
        telemetry::say(&format!(
            "{} is in {} ({} bytes)",
            plain(&release.release),
            file.display(),
            bytes.len()
        ));
        Ok(())
    }
}

fn told(release: &ReleaseView, exported: &Exported, size: usize) -> Value {
    json!({
        "release": release.release,
        "components": exported.release.components,
        "settings_digest": exported.release.settings_sha256,
        "size": size,
    })
}

async fn exported(client: &Client, release: &ReleaseView) -> anyhow::Result<Exported> {
    anyhow::ensure!(
        release.damaged.is_none() && !release.components.is_empty(),
        "{} is damaged in the registry, and is no release to take elsewhere: {}",
        plain(&release.release),
        plain(release.damaged.as_deref().unwrap_or("it has no components"))
    );
    let (mut components, mut described) = (Vec::new(), Vec::new());
    for component in &release.components {
        let bytes = client.component(&component.digest).await?;
        let sha256 = hex::sha256(&bytes);
        anyhow::ensure!(
            sha256 == component.digest,
            "the component {} arrived as another one: {sha256}. Export it again",
            plain(&component.digest)
        );
        let mut of_file = ExportedComponent {
            wit: component.wit.clone(),
            sha256,
            size: bytes.len() as u64,
            signatures: Vec::new(),
        };
        of_file.signatures = signatures(client, &of_file).await?;
        described.push(of_file);
        components.push(bytes);
    }
    let settings = Value::Object(release.settings.clone()).to_string();
    let release = ExportedRelease {
        place: release.place.clone(),
        number: release.number,
        author: release.author.clone(),
        message: release.message.clone(),
        settings_sha256: hex::sha256(settings.as_bytes()),
        settings,
        grants: Value::Object(release.grants.clone()).to_string(),
        components: described,
    };
    Ok(Exported { release, components })
}

/// Those that it has. One that is damaged could not be read elsewhere, and would keep the rest from
/// being read: it is left out, and said.
async fn signatures(client: &Client, component: &ExportedComponent) -> anyhow::Result<Vec<String>> {
    let kept: SignaturesView =
        client.read(&["components", &component.sha256, "signatures"], &[]).await?;
    let mut lines = Vec::new();
    for signature in kept.signatures {
        match component.is_signed_by(&signature.line) {
            Ok(()) => lines.push(signature.line),
            Err(reason) => telemetry::say(&format!(
                "left out: the signature of {}, which is damaged: {}",
                plain(&signature.key),
                plain(&reason)
            )),
        }
    }
    Ok(lines)
}
