//! `auth-host policy push`: components and settings become a release. Nothing serves it yet.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::asking::Asking;
use super::client::Client;
use super::names::{self, short};
use super::problem::{Problem, REFUSED};
use super::{files, releases};
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
        let given = self.settings.as_deref().map(files::settings).transpose()?;
        let client = self.asking.client()?;
        let settings = self.settings_of(&client, given).await?;
        let digests = upload(&client, components).await?;
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
        telemetry::say(&format!("next: auth-host policy deploy {}", plain(&release.release)));
        Ok(())
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
    format!(
        "release {}   component {}   settings {}   by {}",
        plain(&release.release),
        components.join(", "),
        short(&release.settings_digest),
        plain(&release.author)
    )
}
