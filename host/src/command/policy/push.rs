//! `auth-host policy push`: components and settings become a release. Nothing serves it yet.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::asking::Asking;
use super::client::Client;
use super::names::{self, short};
use super::problem::{Problem, REFUSED};
use super::signed::{self, Signed};
use super::{files, releases, standing};
use crate::administration::views::{NewReleaseView, ReleaseView};
use crate::command::output::{self, plain};
use crate::hex;
use crate::policy::admission::MAX_COMPONENT_BYTES;
use crate::store::registry::Source;
use crate::telemetry;

/// Bring a policy and its settings to the registry: they become the next release of a place. It
/// serves once it is deployed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy push login guarded.wasm --settings prod.json -m \"step-up after five failures\"
  auth-host policy push login guarded.wasm --same-settings -m \"faster look-up\"
  auth-host policy push login guarded-0.2.wasm guarded-0.3.wasm -m \"for the upgrade\"
      one file for each version of the contract, while replicas of two versions run

Signatures that lie beside a policy (guarded.wasm.sig, by auth-host policy sign) go with it. What is
missing before it can be deployed, a signature or a grant, is told at once.

Then: auth-host policy deploy login/42")]
pub struct Push {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// The policy; several if each is built for another version of the contract.
    #[arg(required = true, value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Its settings, a JSON file; without, it has none.
    #[arg(long, value_name = "FILE", conflicts_with = "same_settings")]
    settings: Option<PathBuf>,
    /// With the settings of the release that serves.
    #[arg(long)]
    same_settings: bool,
    /// Signatures of the policies [default: what lies beside each, FILE.sig].
    #[arg(long, value_name = "FILE")]
    signatures: Vec<PathBuf>,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY")]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Push {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let components = self
            .policies
            .iter()
            .map(|file| Ok((file.display().to_string(), files::component(file)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let signed = self.signed(&components)?;
        let given = self.settings.as_deref().map(files::settings).transpose()?;
        let client = self.asking.client()?;
        let settings = self.settings_of(&client, given).await?;
        let digests = upload(&client, components).await?;
        for digest in &digests {
            signed::send(&client, digest, &signed).await?;
        }
        let new = NewReleaseView {
            place: self.place,
            components: digests,
            settings,
            message: self.message,
            source: Source::Push,
        };
        let release = client.add_release(&new).await?;
        if self.asking.json {
            return output::json(&release);
        }
        output::line(line(&release))?;
        telemetry::say(&standing::next(&release));
        Ok(())
    }

    /// The signatures that were given, or else those beside the policies.
    fn signed(&self, components: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<Signed>> {
        let digests: Vec<_> = components.iter().map(|(_, bytes)| hex::sha256(bytes)).collect();
        let mut all = Vec::new();
        if self.signatures.is_empty() {
            for (file, digest) in self.policies.iter().zip(&digests) {
                let beside = Signed::beside(file)?;
                beside.iter().try_for_each(|one| one.belong_to(std::slice::from_ref(digest)))?;
                all.extend(beside);
            }
            return Ok(all);
        }
        for file in &self.signatures {
            let given = Signed::read(file)?;
            given.belong_to(&digests)?;
            all.push(given);
        }
        Ok(all)
    }

    async fn settings_of(
        &self,
        client: &Client,
        given: Option<Map<String, Value>>,
    ) -> anyhow::Result<Map<String, Value>> {
        if let Some(settings) = given {
            return Ok(settings);
        }
        let active = releases::active(client, &self.place).await?;
        let place = &self.place;
        match active {
            Some(active) if self.same_settings => Ok(active.settings),
            None if self.same_settings => {
                let text = format!("nothing serves in {place} whose settings could be taken");
                Err(Problem::new(REFUSED, "empty_place", text).into())
            }
            Some(active) if !active.settings.is_empty() => {
                telemetry::say(&format!(
                    "note: {} serves with settings, and this release has none (--same-settings \
                     takes them over, --settings FILE gives others)",
                    plain(&active.release)
                ));
                Ok(Map::new())
            }
            _ => Ok(Map::new()),
        }
    }
}

/// Brings components that are not kept there yet; their digests.
pub(super) async fn upload(
    client: &Client,
    components: Vec<(String, Vec<u8>)>,
) -> anyhow::Result<Vec<String>> {
    let mut digests = Vec::new();
    for (name, bytes) in components {
        if bytes.len() as u64 > MAX_COMPONENT_BYTES {
            let text = format!(
                "{name} has {} bytes; at most {MAX_COMPONENT_BYTES} are allowed. Build it for \
                 release, optimised for size and without debug information",
                bytes.len()
            );
            return Err(Problem::new(REFUSED, "too_large", text).into());
        }
        let digest = hex::sha256(&bytes);
        if !client.has_component(&digest).await? {
            client.put_component(&digest, bytes).await.map_err(|error| named(&name, error))?;
        }
        digests.push(digest);
    }
    Ok(digests)
}

/// Which of the files it is about.
fn named(name: &str, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Problem>() {
        Ok(problem) => Problem { text: format!("{name}: {}", problem.text), ..problem }.into(),
        Err(error) => error,
    }
}

/// A release on one line.
pub(super) fn line(release: &ReleaseView) -> String {
    let components: Vec<String> = match &release.components[..] {
        [one] => vec![short(&one.digest)],
        several => several
            .iter()
            .map(|component| format!("{} ({})", short(&component.digest), plain(&component.wit)))
            .collect(),
    };
    let signed = release.trust.as_ref().filter(|trust| !trust.signed_by.is_empty());
    let signed = signed.map(|trust| format!("   {}", standing::trust(trust))).unwrap_or_default();
    format!(
        "release {}   component {}   settings {}   by {}{signed}",
        plain(&release.release),
        components.join(", "),
        short(&release.settings_digest),
        plain(&release.author)
    )
}
