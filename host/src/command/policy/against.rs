//! A policy beside a service that runs: whether it would be understood there, and what is added or
//! taken away beside the release that serves.

use serde::Serialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::compare::{self, Difference, Differences, Side};
use super::releases;
use crate::administration::views::{HostView, ReasonView, ReleaseView};
use crate::command::output::{escaped, plain};
use crate::policy::admission::{self, AdmissionReport};

/// What the comparison says.
#[derive(Serialize)]
pub(super) struct Against {
    url: String,
    replica: String,
    version: String,
    wit_versions: Vec<String>,
    /// The release that serves in its place; none: nothing does.
    active: Option<String>,
    differences: Option<Differences>,
    /// Of the settings that were given.
    settings: Option<Difference>,
    notes: Vec<String>,
    /// What keeps it from serving there.
    #[serde(skip)]
    pub faults: Vec<ReasonView>,
}

/// Compares a policy that was checked here.
pub(super) async fn compare(
    client: &Client,
    place: Option<&str>,
    report: &AdmissionReport,
    settings: Option<&Map<String, Value>>,
) -> anyhow::Result<Against> {
    let host: HostView = client.read(&["host"], &[]).await?;
    let place = place.or(report.manifest["slot"].as_str()).unwrap_or_default();
    let mut against = Against {
        url: client.url().to_string(),
        active: None,
        differences: None,
        settings: None,
        notes: Vec::new(),
        faults: unspoken(&host, report).into_iter().collect(),
        replica: host.replica,
        version: host.version,
        wit_versions: host.wit_versions,
    };
    let Some(active) = releases::active(client, place).await? else {
        against.notes.push(format!("nothing serves in {place} there yet"));
        return Ok(against);
    };
    match settings {
        Some(settings) => {
            against.settings = Some(compare::settings(&active.settings, settings));
        }
        None => against.notes.push(kept_settings(&active, report)),
    }
    match side(client, &active, &report.wit).await? {
        Ok(old) => {
            let new = Side { imports: report.imports.clone(), manifest: report.manifest.clone() };
            against.differences = Some(compare::policies(&old, &new));
        }
        Err(reason) => against.notes.push(reason),
    }
    against.active = Some(active.release);
    Ok(against)
}

/// The component of a release, for this version of the contract if it has one, as it is compared;
/// or why it cannot be.
pub(super) async fn side(
    client: &Client,
    release: &ReleaseView,
    wit: &str,
) -> anyhow::Result<Result<Side, String>> {
    let components = &release.components;
    let Some(component) =
        components.iter().find(|component| component.wit == wit).or(components.first())
    else {
        return Ok(Err(format!("{} has no component", release.release)));
    };
    let bytes = client.component(&component.digest).await?;
    // It comes from elsewhere: what cannot be read is told.
    Ok(match admission::examine(None, &bytes) {
        Ok(report) => Ok(Side { imports: report.imports, manifest: report.manifest }),
        Err(faults) => {
            Err(format!("{} cannot be compared with it here: {faults}", release.release))
        }
    })
}

/// Versions of one line (major and minor number) only add to each other.
fn unspoken(host: &HostView, report: &AdmissionReport) -> Option<ReasonView> {
    let line = |version: &str| version.rsplit_once('.').map(|(line, _)| line.to_owned());
    if host.wit_versions.iter().any(|version| line(version) == line(&report.wit)) {
        return None;
    }
    Some(ReasonView {
        text: format!(
            "it is built for auth:policy@{}; the replica {} takes auth:policy@{}",
            report.wit,
            host.replica,
            host.wit_versions.join(", auth:policy@")
        ),
        remedy: "Build it for a version that the service takes, or upgrade the service.".to_owned(),
        of_settings: false,
    })
}

/// Whether it could go on with the settings that are there.
fn kept_settings(active: &ReleaseView, report: &AdmissionReport) -> String {
    let name = &active.release;
    let faults = report.read_manifest().map(|manifest| manifest.check_settings(&active.settings));
    match faults {
        Some(Err(faults)) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            format!("the settings of {name} would be refused with it: {}", faults.join("; "))
        }
        _ => format!("the settings of {name} fit it"),
    }
}

impl Against {
    pub fn readable(&self) -> String {
        let mut lines = vec![format!(
            "against {} (replica {}, auth-host {}, auth:policy@{})",
            escaped(&self.url),
            plain(&self.replica),
            plain(&self.version),
            plain(&self.wit_versions.join(", "))
        )];
        if let (Some(active), Some(differences)) = (&self.active, &self.differences) {
            let active = plain(active);
            lines.push(if differences.is_empty() {
                format!("  it asks for and promises the same as {active}, which serves")
            } else {
                format!("  beside {active}, which serves:{}", compare::readable(differences))
            });
        }
        if let Some(settings) = &self.settings {
            let told = compare::one("value of a setting", settings);
            lines.extend(told.lines().skip(1).map(str::to_owned));
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {}", escaped(note))));
        lines.join("\n")
    }
}
