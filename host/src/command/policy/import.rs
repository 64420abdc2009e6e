//! `auth-host policy import`: a release of another environment, with the same components and, but
//! for what the environment names, the same settings.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value};

use super::asking::Asking;
use super::client::Client;
use super::compare::{self, Difference};
use super::names;
use super::problem::{Problem, REFUSED};
use super::{files, push, standing};
use crate::administration::views::{
    NewReleaseView, NewSignaturesView, ReasonView, ReleaseView, SignaturesView,
};
use crate::command::output::{self, plain};
use crate::policy::releases::export::{self, Exported, ExportedComponent};
use crate::store::registry::Source;
use crate::{strict_json, telemetry};

/// Bring a release of another environment, from the file that export wrote there: the same
/// components, and the same settings but those that this environment names. It becomes the next
/// release of its place, and serves once it is deployed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy import login-42.release
  auth-host policy import login-42.release --set captcha-url=https://captcha.internal
  auth-host policy import login-42.release --settings production.json -m \"as tried in staging\"

A file that was cut or changed is refused. Its digests say that it is whole, not who made it: that
is for the signatures that come along, and for the keys that are trusted here.")]
pub struct Import {
    /// The file.
    file: PathBuf,
    /// The place that it is for [default: the one that it was in].
    #[arg(long, value_parser = names::place)]
    place: Option<String>,
    /// A JSON file with the settings that are others here; null takes one away.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// One setting that is another here: its value is JSON, or else a text. Null takes it away.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, Value)>,
    /// Why, for the history [default: where it comes from, and why it was brought there].
    #[arg(short, long, value_name = "WHY")]
    message: Option<String>,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let exported = read(&self.file)?;
        let there: Map<String, Value> = serde_json::from_str(&exported.release.settings)
            .with_context(|| format!("{}: its settings are no JSON object", self.file.display()))?;
        let mut here = there.clone();
        for (name, value) in self.overrides()? {
            match value {
                // The others keep their order.
                Value::Null => drop(here.shift_remove(&name)),
                value => drop(here.insert(name, value)),
            }
        }
        let changed = compare::settings(&there, &here);
        let origin = format!("{}/{}", exported.release.place, exported.release.number);
        let message = self.message.unwrap_or_else(|| {
            let text = format!("imported from {origin}: {}", exported.release.message);
            text.chars().take(400).collect()
        });
        let client = self.asking.client()?;
        let names = exported.release.components.iter();
        let names = names.map(|component| format!("its component for {}", component.wit));
        let components = push::upload(&client, names.zip(exported.components).collect()).await?;
        let signatures = sign(&client, &exported.release.components).await?;
        let new = NewReleaseView {
            place: self.place.unwrap_or(exported.release.place),
            components,
            settings: here,
            message,
            source: Source::Import,
        };
        let release = client.add_release(&new).await?;
        if self.asking.json {
            let mut told = serde_json::to_value(&release)?;
            told["changed_settings"] = serde_json::to_value(&changed)?;
            told["imported_from"] = origin.into();
            told["signatures"] = signatures.into();
            return output::json(&told);
        }
        tell(&release, &origin, &changed, signatures)
    }

    /// The later ones win.
    fn overrides(&self) -> anyhow::Result<Map<String, Value>> {
        let mut settings =
            self.settings.as_deref().map(files::settings).transpose()?.unwrap_or_default();
        settings.extend(self.set.iter().cloned());
        Ok(settings)
    }
}

/// Brings the signatures that came along, before the release, so that it is told what they are
/// worth here; how many.
async fn sign(client: &Client, components: &[ExportedComponent]) -> anyhow::Result<usize> {
    let mut brought = 0;
    for component in components.iter().filter(|component| !component.signatures.is_empty()) {
        let new = NewSignaturesView { signatures: component.signatures.clone() };
        let path = ["components", &component.sha256, "signatures"];
        let _: SignaturesView = client.change(Method::POST, &path, &new).await?;
        brought += new.signatures.len();
    }
    Ok(brought)
}

fn tell(
    release: &ReleaseView,
    origin: &str,
    changed: &Difference,
    signatures: usize,
) -> anyhow::Result<()> {
    let settings = if *changed == Difference::default() {
        "\n  the same settings as there".to_owned()
    } else {
        compare::one("setting", changed)
    };
    let line = push::line(release);
    let signatures = match signatures {
        0 => String::new(),
        1 => "\n  1 signature came along".to_owned(),
        many => format!("\n  {many} signatures came along"),
    };
    output::line(format_args!("{line}   from {}{settings}{signatures}", plain(origin)))?;
    telemetry::say(&standing::next(release));
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Exported> {
    let unreadable = || format!("{} cannot be read", file.display());
    // A pipe would wait for somebody to write to it.
    let is_file = std::fs::metadata(file).with_context(unreadable)?.is_file();
    anyhow::ensure!(is_file, "{}: it is no file", unreadable());
    let mut opened = File::open(file).with_context(unreadable)?;
    export::read(&mut opened).map_err(|fault| {
        let reason = ReasonView {
            text: fault.to_string(),
            remedy: fault.remedy().to_owned(),
            of_settings: false,
        };
        let text = format!("{} is not taken:", file.display());
        Problem { reasons: vec![reason], ..Problem::new(REFUSED, "no_release", text) }.into()
    })
}

fn setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("is not of the form NAME=VALUE")?;
    let value = strict_json::parse(value.as_bytes()).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_json_or_else_a_text() {
        let read = |text| setting(text).unwrap();
        assert_eq!(read("most=5"), ("most".into(), json!(5)));
        assert_eq!(read("url=https://a?b=c"), ("url".into(), json!("https://a?b=c")));
        assert_eq!(read("word=\"5\""), ("word".into(), json!("5")));
        assert_eq!(read("gone=null").1, Value::Null);
        assert!(setting("=5").is_err() && setting("most").is_err());
    }
}
