//! `auth-host policy show`: a release with its settings, beside the one that serves.

use clap::Args;
use serde_json::{Map, Value, json};

use super::asking::Asking;
use super::client::Client;
use super::compare::{self, Difference, Differences};
use super::names::ReleaseName;
use super::{admission, against, items, releases, signed, standing};
use crate::administration::views::{ReleaseView, SignaturesView};
use crate::command::output::{self, escaped, plain, seconds};
use crate::store::registry::Source;

/// Show a release: who brought it and why, components, settings, what admission said, who signed
/// it, what it asks for and whether that is granted, and what is different beside the one that
/// serves.
#[derive(Args)]
#[command(after_help = "\
Example:
  auth-host policy show login/42

It shows the settings with their values; with --json also all that admission found.")]
pub struct Show {
    /// The release, such as login/42.
    release: ReleaseName,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// A release beside the one that serves.
struct Beside {
    active: String,
    /// None: the components cannot be compared, and `reason` says why.
    policies: Option<Differences>,
    reason: String,
    settings: Difference,
}

impl Show {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.asking.client()?;
        let release = releases::named(&client, &self.release).await?;
        let active =
            if release.active { None } else { releases::active(&client, &release.place).await? };
        let beside = match active {
            Some(active) => Some(beside(&client, &active, &release).await?),
            None => None,
        };
        let signatures = signatures(&client, &release).await?;
        if self.asking.json {
            let mut told = serde_json::to_value(&release)?;
            told["signatures"] = serde_json::to_value(&signatures)?;
            told["beside"] = beside.as_ref().map_or(Value::Null, |beside| {
                json!({
                    "active": beside.active,
                    "differences": beside.policies,
                    "settings": beside.settings,
                })
            });
            return output::json(&told);
        }
        output::line(about(&release)?)?;
        output::line(may(&release, &signatures))?;
        beside.map_or(Ok(()), |beside| output::line(beside.readable(&release)))
    }
}

/// Who signed its components. A service that does not look at signatures has none.
async fn signatures(client: &Client, release: &ReleaseView) -> anyhow::Result<Vec<SignaturesView>> {
    let mut all = Vec::new();
    if release.trust.is_some() {
        for component in &release.components {
            all.push(signed::of(client, &component.digest).await?);
        }
    }
    Ok(all)
}

/// Whose it is, and what it may do.
fn may(release: &ReleaseView, signatures: &[SignaturesView]) -> String {
    let mut lines = Vec::new();
    if let Some(trust) = &release.trust {
        lines.push(format!("  trust      {}", standing::trust(trust)));
    }
    for signatures in signatures {
        let told = signatures.signatures.iter().map(standing::signature);
        lines.extend(told.map(|line| format!("             {line}")));
    }
    lines.extend(items::listed("asks", &release.asks));
    if !release.active && !standing::is_let_in(release) {
        lines.push(standing::next(release));
    }
    lines.join("\n")
}

/// What is different from the one that serves to this one.
async fn beside(
    client: &Client,
    active: &ReleaseView,
    release: &ReleaseView,
) -> anyhow::Result<Beside> {
    let mut beside = Beside {
        active: active.release.clone(),
        policies: Some(Differences::new()),
        reason: String::new(),
        settings: compare::settings(&active.settings, &release.settings),
    };
    if active.components != release.components {
        let wit = release.components.first().map_or("", |component| &component.wit);
        let sides =
            (against::side(client, active, wit).await?, against::side(client, release, wit).await?);
        beside.policies = match sides {
            (Ok(old), Ok(new)) => Some(compare::policies(&old, &new)),
            (Err(reason), _) | (_, Err(reason)) => {
                beside.reason = reason;
                None
            }
        };
    }
    Ok(beside)
}

fn about(release: &ReleaseView) -> anyhow::Result<String> {
    let served = match (&release.first_active_at, release.active) {
        (_, true) => "serves now".to_owned(),
        (Some(first), false) => format!("served first at {}", seconds(first)),
        (None, false) => "has never served".to_owned(),
    };
    let mut lines = vec![
        format!("{}   {served}", plain(&release.release)),
        format!(
            "  brought    {} by {} ({})",
            seconds(&release.created_at),
            plain(&release.author),
            source(release.source)
        ),
        format!("  why        {}", escaped(&release.message)),
    ];
    for component in &release.components {
        let (digest, wit) = (plain(&component.digest), plain(&component.wit));
        lines.push(format!("  component  {digest} (auth:policy@{wit})"));
    }
    lines.push(format!("  settings   {}", plain(&release.settings_digest)));
    lines.extend(indented(&release.settings)?);
    if !release.grants.is_empty() && release.asks.is_empty() {
        lines.push("  grants".to_owned());
        lines.extend(indented(&release.grants)?);
    }
    lines.extend(admission::lines(&release.report));
    Ok(lines.join("\n"))
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Push => "pushed",
        Source::Directory => "from the policy directory",
        Source::Import => "imported",
    }
}

/// The lines of a JSON object below its name.
fn indented(object: &Map<String, Value>) -> anyhow::Result<Vec<String>> {
    let text = serde_json::to_string_pretty(object)?;
    Ok(text.lines().map(|line| format!("    {}", escaped(line))).collect())
}

impl Beside {
    fn readable(&self, release: &ReleaseView) -> String {
        let (active, name) = (plain(&self.active), plain(&release.release));
        let Some(policies) = &self.policies else {
            return format!("beside {active}, which serves: {}", escaped(&self.reason));
        };
        let lines =
            compare::readable(policies) + &compare::one("value of a setting", &self.settings);
        if lines.is_empty() {
            return format!("{name} asks for and promises the same as {active}, which serves");
        }
        format!("beside {active}, which serves:{lines}")
    }
}
