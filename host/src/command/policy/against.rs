//! A policy beside a service that runs: whether it would be understood there, and what is added or
//! taken away beside the release that serves.

use serde::Serialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::compare::{self, Difference, Differences, Side};
use super::problem::{NO_ADMIN_API, Problem};
use super::{items, releases};
use crate::administration::views::{GrantsView, HostView, ReasonView, ReleaseView};
use crate::command::output::{escaped, plain};
use crate::policy::admission::{self, AdmissionReport};

/// What the comparison says.
#[derive(Serialize)]
pub(super) struct Against {
    url: String,
    place: String,
    replica: String,
    version: String,
    wit_versions: Vec<String>,
    /// The release that serves in its place; none: nothing does.
    active: Option<String>,
    differences: Option<Differences>,
    /// Of the settings that were given.
    settings: Option<Difference>,
    /// What it asks for that is not granted to its place there; none: nobody can tell.
    missing: Option<Vec<String>>,
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
        place: place.to_owned(),
        active: None,
        differences: None,
        settings: None,
        missing: None,
        notes: Vec::new(),
        faults: unspoken(&host, report).into_iter().collect(),
        replica: host.replica,
        version: host.version,
        wit_versions: host.wit_versions,
    };
    against.ask_grants(client, report).await?;
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

/// What an operator has to grant before it is deployed there.
fn lacks(place: &str, missing: &[String]) -> Vec<String> {
    if missing.is_empty() {
        return vec![format!("  all that it asks for is granted to {} there", plain(place))];
    }
    let mut lines = items::listed("MISSING", missing);
    lines.push(format!(
        "  it would not be deployed to {} there before whoever has a token of the role operate \
         grants that: {}",
        plain(place),
        items::command(place, None, missing)
    ));
    lines
}

/// It answers by now: it is an older one, which has no such path.
fn is_of_a_stranger(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Problem>().is_some_and(|problem| problem.code == NO_ADMIN_API)
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
    /// Whether it may do there what it asks for. A grant can still be given: it is no fault.
    async fn ask_grants(
        &mut self,
        client: &Client,
        report: &AdmissionReport,
    ) -> anyhow::Result<()> {
        let path = ["places", &self.place, "grants"];
        let grants: GrantsView = match client.read(&path, &[]).await {
            Ok(grants) => grants,
            Err(error) if is_of_a_stranger(&error) => {
                self.notes.push(format!("auth-host {} knows no grants", self.version));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let asked = items::asked(report);
        let missing = items::missing(&self.place, &grants.granted, &asked);
        self.missing = Some(if grants.all { Vec::new() } else { missing });
        Ok(())
    }

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
        if let Some(missing) = &self.missing {
            lines.extend(lacks(&self.place, missing));
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {}", escaped(note))));
        lines.join("\n")
    }
}
