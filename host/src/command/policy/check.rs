//! `auth-host policy check`: all that admission does with a file, before anybody is asked.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Map;

use super::against::{self, Against};
use super::asking::Credentials;
use super::problem::{Problem, REFUSED, reasons};
use super::{files, items, names};
use crate::administration::views::ReasonView;
use crate::command::output::{self, escaped, plain};
use crate::config::ClientConfig;
use crate::contract::Slot;
use crate::numbers::grouped;
use crate::policy::admission::{self, AdmissionReport, Faults};

/// Check a policy as a host does before it serves, offline: bytes, manifest, contract, settings,
/// bounds, compilation and a trial instance. All faults are told at once, each with what to do.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy check guarded.wasm
  auth-host policy check guarded.wasm --settings prod.json
  auth-host policy check guarded.wasm --against https://auth.internal:7972
      also asks a service: which versions of the contract it takes, and what is added or taken
      away beside the release that serves there, and what it asks for that is not granted there

It ends with 0 if the policy would be admitted, with 1 if not, and with 2 if that cannot be told.")]
pub struct Check {
    /// The policy, as `auth-host policy pack` wrote it.
    policy: PathBuf,
    /// Its settings, a JSON file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The place that it is for [default: what its manifest says].
    #[arg(long, visible_alias = "slot", value_parser = names::place)]
    place: Option<String>,
    /// Compare it with what serves there: the admin API of a service.
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// Tell it as JSON, one document on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// What came of it.
#[derive(Serialize)]
struct Outcome {
    file: String,
    admitted: bool,
    #[serde(flatten)]
    report: Option<AdmissionReport>,
    /// What it asks for beyond what every policy may do.
    asks: Vec<String>,
    faults: Vec<ReasonView>,
    against: Option<Against>,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = ClientConfig::from_environment()?;
        let slot = self.place.as_deref().map(slot).transpose()?;
        let bytes = files::component(&self.policy)?;
        let settings = self.settings.as_deref().map(files::settings).transpose()?;
        let checked =
            admission::check_offline(&config.admission, slot, &bytes, settings.clone()).await;
        let (mut report, found) = checked;
        let mut faults = as_reasons(&found);
        if let (Some(report), None) = (&mut report, &settings) {
            report.notes.extend(without_settings(report));
        }
        let against = match (&self.against, &report) {
            (Some(url), Some(report)) => {
                let client = self.credentials.client(Some(url), &config)?;
                let place = self.place.as_deref();
                Some(against::compare(&client, place, report, settings.as_ref()).await?)
            }
            _ => None,
        };
        faults.extend(against.iter().flat_map(|against| against.faults.clone()));
        let file = self.policy.display().to_string();
        let asks = report.as_ref().map(items::asked).unwrap_or_default();
        let outcome = Outcome { file, admitted: faults.is_empty(), report, asks, faults, against };
        outcome.tell(self.json, self.settings.is_some())?;
        if outcome.admitted {
            return Ok(());
        }
        // It is told already.
        Err(Problem::new(REFUSED, "refused", "").told().into())
    }
}

impl Outcome {
    fn tell(&self, json: bool, with_settings: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let file = escaped(&self.file);
        if !self.admitted {
            let told = reasons(&self.faults);
            output::line(format_args!("{file} would be refused:{told}"))?;
        }
        if let Some(report) = &self.report {
            if self.admitted {
                output::line(format_args!("{file} would be admitted"))?;
            }
            output::line(about(report, &self.asks, with_settings && self.admitted))?;
        }
        if let Some(against) = &self.against {
            output::line(against.readable())?;
        }
        Ok(())
    }
}

/// What is known of it, a line each.
fn about(report: &AdmissionReport, asks: &[String], settings_fit: bool) -> String {
    let manifest = |member: &str| plain(report.manifest[member].as_str().unwrap_or("?"));
    let mut lines = vec![
        format!(
            "  policy     {} {}, for {}",
            manifest("name"),
            manifest("version"),
            manifest("slot")
        ),
        format!("  sha256     {}", report.digest),
        format!("  bytes      {}", grouped(report.size)),
        format!("  contract   auth:policy@{}", plain(&report.wit)),
    ];
    if settings_fit {
        lines.push("  settings   fit its schema".to_owned());
    }
    for (number, import) in report.imports.iter().enumerate() {
        let head = if number == 0 { "imports" } else { "" };
        lines.push(format!("  {head:<8}   {}", plain(import)));
    }
    lines.extend(items::listed("asks for", asks));
    lines.extend(report.notes.iter().map(|note| format!("  note: {}", escaped(note))));
    lines.join("\n")
}

/// What a release without settings would be told.
fn without_settings(report: &AdmissionReport) -> Option<String> {
    let faults = report.read_manifest()?.check_settings(&Map::new()).err()?;
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Some(format!("without settings it would be refused: {}", faults.join("; ")))
}

/// Faults as the admin API tells them.
fn as_reasons(faults: &Faults) -> Vec<ReasonView> {
    let reasons = faults.iter().map(|fault| ReasonView {
        text: fault.to_string(),
        remedy: fault.remedy().to_owned(),
        of_settings: fault.is_of_settings(),
    });
    reasons.collect()
}

fn slot(place: &str) -> anyhow::Result<Slot> {
    let found = Slot::ALL.into_iter().find(|slot| slot.as_str() == place);
    found.ok_or_else(|| {
        let places = Slot::ALL.map(Slot::as_str).join(", ");
        anyhow::anyhow!("--place: there is no place {place}; there are {places}")
    })
}
